/** Prints the schema into schema.graphql: `npm run schema`. */
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { projectRoot } from './platform/project.ts'
import { makeSchema, schemaText } from './schema.ts'

writeFileSync(join(projectRoot, 'schema.graphql'), schemaText(await makeSchema()))
