/** Opens the doors: settings, database, migrations, demo, node; closes them in reverse on Ctrl-C and SIGTERM. */
import { mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { openDemo } from './demo.ts'
import { readTrusted } from './limits/trusted.ts'
import { type LaurelNode, startNode } from './node.ts'
import { buildPages } from './pages.ts'
import { findGround } from './embedded/addresses.ts'
import { type Config, helpText, proveCall, readConfig } from './platform/config.ts'
import { planFault } from './platform/faults.ts'
import { log } from './platform/log.ts'
import { migrate } from './platform/migrations.ts'
import { StartError } from './platform/start-error.ts'
import { version } from './platform/project.ts'

const begun = performance.now()
const say = (line = ''): void => void process.stdout.write(`${line}\n`)
const step = (line: string) => say(`  ${((performance.now() - begun) / 1_000).toFixed(1).padStart(5)} s  ${line}`)

const closers: (() => Promise<unknown> | void)[] = []
async function close(): Promise<void> {
  for (const closer of closers.splice(0).reverse()) await closer()
}

/**
 * Opens everything in order. What holds something open is named in `closers` before the next step begins, and each step is the
 * last when the signal has come meanwhile.
 */
async function open(config: Config, stop: AbortSignal): Promise<void> {
  if (config.tracesUrl) closers.push(await traces(config.tracesUrl))
  const trusted = config.limits.documents === undefined ? undefined : readTrusted(config.limits.documents)
  const pages = buildPages(step, stop)
  const ground = await findGround(config, step)
  closers.push(() => ground.stop())
  stop.throwIfAborted()
  const where = ground.kind === 'embedded' ? `embedded in ${ground.location}` : `at ${ground.location}`
  step(`PostgreSQL ${ground.version}, ${where}${ground.reused && ground.kind === 'embedded' ? ' (was still running)' : ''}`)
  const migrations = await migrate(ground.addresses.owner, ground.roles, step)
  stop.throwIfAborted()
  step(`schema up to date, ${migrations.total} migrations${migrations.fresh ? `, ${migrations.fresh} new` : ''}`)
  mkdirSync(config.folder, { recursive: true, mode: 0o700 })
  const demo = config.demo ? await openDemo(config, ground, migrations.total) : null
  const folder = await pages
  stop.throwIfAborted()
  const node = await startNode({
    addresses: ground.addresses, redisUrl: config.redisUrl, issuers: demo ? [demo.issuer] : [], relay: config.relay,
    webhooks: { isPrivateAllowed: config.webhooksPrivate }, issuerKeys: { isPrivateAllowed: config.issuersPrivate },
    region: config.region, auditDays: config.auditDays,
    limits: { ...config.limits, trusted },
    host: config.host, port: config.port, pages: folder, routes: demo?.routes,
  })
  closers.push(() => node.close())
  const place = join(config.folder, 'server.json')
  writeFileSync(place, JSON.stringify({ url: node.url, pid: process.pid }))
  closers.push(() => rmSync(place, { force: true }))
  if (config.redisUrl) step('Redis connected')
  stop.throwIfAborted()
  closers.push(await demo?.begin(node, step) ?? (() => {}))
  stop.throwIfAborted()
  step('ready')
  welcome(node, demo ? await demo.firstBoardId() : null)
}

// The SDK is loaded only when it is wanted.
const traces = (url: string) => import('./platform/trace.sdk.ts').then(({ startTraces }) => startTraces(url))

/** Says where everything is; `boardId` is that of the demo, when there is one. */
function welcome({ url }: LaurelNode, boardId: string | null): void {
  say()
  say(`  Start page    ${url}/`)
  say(`  Explorer      ${url}/explorer`)
  if (boardId !== null) say(`  Live board    ${url}/live/${boardId}`)
  say(`  GraphQL       ${url}/graphql   (subscriptions: ${url.replace('http', 'ws')}/graphql)`)
  say(boardId === null
    ? '  Token         by your identity provider: npm run -s tenant -- --help sets one up'
    : '  Token         npm run -s token')
  say()
  say('  Ctrl-C stops it; the data stays.')
}

/** Says in one sentence why the house does not open, and leaves; a fault of our own shows where it is. */
function giveUp(error: unknown): never {
  const unforeseen = () => 'Laurel cannot start, for a reason that it did not foresee: please report it with these lines.\n'
    + ((error as Error).stack ?? String(error))
  process.stderr.write(`\n${error instanceof StartError ? error.message : unforeseen()}\n`)
  process.exit(1)
}

async function run(): Promise<void> {
  const args = process.argv.slice(2)
  proveCall(args)
  if (args.length) return say(helpText())
  const config = readConfig()
  log.level = config.logLevel
  planFault(config.fault)
  say(`Laurel ${version}`)
  const leaving = new AbortController()
  const stop = (signal: string) => {
    if (leaving.signal.aborted) process.exit(130) // Asked twice: leave at once; the next start recovers.
    say(`\n${signal}: closing`)
    leaving.abort()
    // A step under way is waited for, so that what it opened is closed too.
    opened.catch(() => {}).then(close).then(() => process.exit(0), (error: Error) => {
      log.error({ reason: error.message }, 'closing failed')
      process.exit(1)
    })
  }
  process.on('SIGINT', () => stop('Ctrl-C')).on('SIGTERM', () => stop('SIGTERM'))
  // A promise that nobody waited for is a fault of one request; it must not end the house for everybody.
  process.on('unhandledRejection', error => log.error(
    { reason: error instanceof Error ? error.stack : String(error) }, 'a fault that nobody heard'))
  const opened = open(config, leaving.signal)
  await opened.catch(async error => {
    if (leaving.signal.aborted) return // Whoever asked to stop is closing.
    await close().catch(() => {})
    giveUp(error)
  })
}

await run().catch(giveUp)
