/** Prints what is read from code: schema.graphql, the table of permissions and the limits. `npm run schema` */
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { limitsText } from './limits/reference.ts'
import { permissionsText } from './permissions.ts'
import { projectRoot } from './platform/project.ts'
import { makeSchema, schemaText } from './schema.ts'

const schema = await makeSchema()
writeFileSync(join(projectRoot, 'schema.graphql'), schemaText(schema))
writeFileSync(join(projectRoot, 'docs/reference/permissions.md'), permissionsText(schema))
writeFileSync(join(projectRoot, 'docs/reference/limits.md'), limitsText())
