/** `npm run -s token`: prints a bearer token of the demo issuer. */
import { parseArgs } from 'node:util'
import { askToken, findServer } from './demo.client.ts'

const HELP = `Prints a bearer token of the running demo server (an admin of the first demo tenant without arguments).
  npm run -s token -- [--tenant <slug>] [--user <email or id>] [--role ROLE]`

try {
  const { values } = parseArgs({ options: {
    tenant: { type: 'string' }, user: { type: 'string' }, role: { type: 'string' }, help: { type: 'boolean', short: 'h' },
  } })
  const { help, ...wish } = values
  console.log(help ? HELP : (await askToken(findServer(), wish)).token)
} catch (error) {
  console.error((error as Error).message)
  process.exitCode = 1
}
