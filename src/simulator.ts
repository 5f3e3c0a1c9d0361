/** `npm run demo -- --rate 50`: the simulator against a running demo server, with a line that counts. */
import { parseArgs } from 'node:util'
import { askToken, findServer } from './demo.client.ts'
import { COMPANIES } from './demo.seed.ts'
import { StartError } from './platform/start-error.ts'
import { peopleOf, Simulator } from './simulator.run.ts'

const HELP = `Records activities of the demo's people through the public API of a running server.
  npm run demo -- [--rate 50] [--seconds 60] [--url http://127.0.0.1:4000]
  --rate      activities per minute, 1 to 60,000 (default 50)
  --seconds   stop after this long (default: until Ctrl-C)`

async function run(): Promise<void> {
  const { values } = parseArgs({ options: {
    rate: { type: 'string', default: '50' }, seconds: { type: 'string' }, url: { type: 'string' },
    help: { type: 'boolean', short: 'h' },
  } })
  if (values.help) return console.log(HELP)
  const rate = Number(values.rate)
  if (!(rate >= 1 && rate <= 60_000)) throw new StartError('--rate must be a number of activities per minute from 1 to 60,000.')
  const url = values.url ?? findServer()
  const tenants = await Promise.all(COMPANIES.map(async ({ slug, name }) => {
    const { token } = await askToken(url, { tenant: slug })
    return { name, token, userIds: await peopleOf(url, token) }
  }))
  const simulator = new Simulator(url, tenants, rate)
  simulator.start()
  const begun = Date.now()
  const show = () => {
    const { recorded, failed } = simulator.state
    const seconds = Math.round((Date.now() - begun) / 1_000)
    process.stderr.write(`\r${seconds} s: ${recorded} recorded, ${failed} failed, ${rate} a minute asked for. Ctrl-C stops.  `)
  }
  const timer = setInterval(show, 500)
  const stop = async () => {
    clearInterval(timer)
    await simulator.stop()
    show()
    process.stderr.write('\n')
    process.exit(0)
  }
  process.on('SIGINT', () => void stop()).on('SIGTERM', () => void stop())
  if (values.seconds) setTimeout(() => void stop(), Number(values.seconds) * 1_000)
}

await run().catch((error: Error) => {
  console.error(error instanceof StartError || error.name === 'TypeError' ? error.message : error)
  process.exit(1)
})
