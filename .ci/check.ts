/** `npm run check` after types and lint: the schema and the clients' types are as printed, and no import climbs the staircase. */
import { spawn } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { projectRoot } from '../src/platform/project.ts'
import { makeSchema, schemaText } from '../src/schema.ts'

/** One check: answers null when all is well, else what is wrong and how to mend it. */
type Check = () => Promise<string | null>

/** Returns a check that runs a program of the project and passes on its last words when it fails. */
function program(name: string, args: string[], advice: string): Check {
  return async () => {
    const child = spawn(process.execPath, [join(projectRoot, 'node_modules', name), ...args], {
      cwd: projectRoot, stdio: ['ignore', 'pipe', 'pipe'],
    })
    let said = ''
    for (const stream of [child.stdout, child.stderr]) stream.on('data', (text: Buffer) => { said += text.toString() })
    const code = await new Promise<number | null>((done, fail) => child.once('error', fail).once('close', done))
    return code === 0 ? null : `${said.trim().split('\n').slice(-20).join('\n')}\n${advice}`
  }
}

const checks: Record<string, Check> = {
  'schema.graphql is what the code prints': async () =>
    readFileSync(join(projectRoot, 'schema.graphql'), 'utf8') === schemaText(await makeSchema()) ? null : 'Run: npm run schema',
  'web/generated.ts fits the schema and the documents': program(
    '@graphql-codegen/cli/esm/bin.js', ['--config', 'codegen.yml', '--check'], 'Run: npm run codegen'),
  'imports climb no stair': program(
    'dependency-cruiser/bin/dependency-cruise.mjs', ['--config', '.ci/dependency-cruiser.cjs', 'src'],
    'The rules stand in .ci/dependency-cruiser.cjs.'),
}

const answers = await Promise.all(Object.entries(checks).map(async ([title, check]) => ({ title, wrong: await check() })))
for (const { title, wrong } of answers) {
  console.log(wrong ? `  wrong: ${title}\n${wrong.replaceAll(/^/gm, '    ')}` : `  good:  ${title}`)
}
if (answers.some(({ wrong }) => wrong)) process.exitCode = 1
