/** Opens the doors: settings, database, migrations, demo, node; closes them in reverse on Ctrl-C and SIGTERM. */
import { mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { openDemo } from './demo.ts'
import { startNode } from './node.ts'
import { buildPages } from './pages.ts'
import { findGround } from './embedded/addresses.ts'
import { helpText, readConfig } from './platform/config.ts'
import { log } from './platform/log.ts'
import { migrate } from './platform/migrations.ts'
import { StartError } from './platform/start-error.ts'
import { version } from './platform/project.ts'

const begun = performance.now()
const say = (line = ''): void => void process.stdout.write(`${line}\n`)
const step = (line: string) => say(`  ${((performance.now() - begun) / 1_000).toFixed(1).padStart(5)} s  ${line}`)

async function run(): Promise<void> {
  if (process.argv.includes('--help') || process.argv.includes('-h')) return say(helpText())
  const config = readConfig()
  log.level = config.logLevel
  say(`Laurel ${version}`)
  const closers: (() => Promise<unknown> | void)[] = []
  let closing: Promise<void> | null = null
  const close = () => closing ??= (async () => {
    for (const closer of closers.reverse()) await closer()
  })()
  const stop = (signal: string) => {
    if (closing) process.exit(130) // Asked twice: leave at once; the next start recovers.
    say(`\n${signal}: closing`)
    close().then(() => process.exit(0), (error: Error) => {
      log.error({ reason: error.message }, 'closing failed')
      process.exit(1)
    })
  }
  process.on('SIGINT', () => stop('Ctrl-C')).on('SIGTERM', () => stop('SIGTERM'))
  // A promise that nobody waited for is a fault of one request; it must not end the house for everybody.
  process.on('unhandledRejection', error => log.error(
    { reason: error instanceof Error ? error.stack : String(error) }, 'a fault that nobody heard'))
  try {
    const pages = buildPages(step)
    const ground = await findGround(config, step)
    closers.push(() => ground.stop())
    const where = ground.kind === 'embedded' ? `embedded in ${ground.location}` : `at ${ground.location}`
    step(`PostgreSQL ${ground.version}, ${where}${ground.reused && ground.kind === 'embedded' ? ' (was still running)' : ''}`)
    const migrations = await migrate(ground.addresses.owner, ground.roles, step)
    step(`schema up to date, ${migrations.total} migrations${migrations.fresh ? `, ${migrations.fresh} new` : ''}`)
    mkdirSync(config.folder, { recursive: true, mode: 0o700 })
    const demo = config.demo ? await openDemo(config, ground, migrations.total) : null
    const node = await startNode({
      addresses: ground.addresses, redisUrl: config.redisUrl, issuers: demo ? [demo.issuer] : [], relay: config.relay,
      webhooks: { isPrivateAllowed: config.webhooksPrivate },
      host: config.host, port: config.port, pages: await pages, routes: demo?.routes,
    })
    closers.push(() => node.close())
    const place = join(config.folder, 'server.json')
    writeFileSync(place, JSON.stringify({ url: node.url, pid: process.pid }))
    closers.push(() => rmSync(place, { force: true }))
    if (config.redisUrl) step('Redis connected')
    closers.push(await demo?.begin(node, step) ?? (() => {}))
    step('ready')
    say()
    say(`  Start page    ${node.url}/`)
    say(`  Explorer      ${node.url}/explorer`)
    if (demo) say(`  Live board    ${node.url}/live/${await demo.firstBoardId()}`)
    say(`  GraphQL       ${node.url}/graphql   (subscriptions: ${node.url.replace('http', 'ws')}/graphql)`)
    say(demo
      ? '  Token         npm run -s token'
      : '  Token         no issuer is configured: set LAUREL_DEMO=1 to try the API with invented people')
    say()
    say('  Ctrl-C stops it; the data stays.')
  } catch (error) {
    await close().catch(() => {})
    if (!(error instanceof StartError)) throw error
    process.stderr.write(`\n${error.message}\n`)
    process.exit(1)
  }
}

await run()
