/**
 * fanout: what a delivery costs the server, over the least that it can cost and over what the usual servers pay for it. Every
 * server sends the same bytes for the same event; before anything is timed, every subscriber has got every event once, in order.
 */
import { existsSync, readFileSync } from 'node:fs'
import { median } from './figures.ts'
import type { BenchResult } from './run.ts'
import { MissingBaseline } from './services.ts'
import { placing, requireFiles, startProgram, stepAside } from './live.machine.ts'
import { captureMessage, type Contender, GAP_MS, laurelContender, replay, Stand } from './live.stage.ts'
import { type LiveOptions, openWorld, type World } from './live.world.ts'

const PACED_PER_SECOND = 5
const PEERS = ['graphqlws', 'mercurius', 'yoga'] as const

/** How much is measured. */
interface Extent { sizes: [number, number]; events: number; rounds: [number, number]; peers: readonly string[] }

/** Runs the bench; `peers` leaves some of them out, for a smoke run where they are not installed. @throws MissingBaseline */
export default async function fanout(
  { quick, progress, world: given, peers = PEERS }: LiveOptions & { peers?: readonly string[] },
) {
  const extent: Extent = quick
    ? { sizes: [50, 200], events: 5, rounds: [2, 1], peers }
    : { sizes: [1_000, 10_000], events: 20, rounds: [5, 3], peers }
  const versions = peers.length ? peerVersions() : {}
  const [few, many] = extent.sizes
  requireFiles(many)
  const back = stepAside()
  try {
    await using stack = new AsyncDisposableStack()
    const world = given ?? stack.use(await openWorld(progress))
    const tokens = await world.tokens(few)
    const laurel = await laurelContender(world, stack)
    const message = await captureMessage(laurel, world, tokens)
    const floor = await replay('floor', stack.use(await startProgram('live.floor.ts', {})), message)
    const others: Contender[] = []
    for (const peer of peers) {
      others.push(await replay(peer, stack.use(await startProgram('live.peers.mjs', { settings: { peer } })), message))
    }

    const measured = new Map<string, number[]>()
    const note = (key: string, value: number) => measured.set(key, [...measured.get(key) ?? [], value])
    await compareFew([floor, laurel, ...others], { ...extent, tokens, world, progress, note })
    await compareMany([floor, laurel], { ...extent, tokens, world, progress, note })
    return report(extent, measured, { ...world.versions, ...versions }, message.length)
  } finally {
    back()
  }
}

interface Comparison extends Extent {
  tokens: string[]; world: World; progress: (line: string) => void
  note(key: string, value: number): void
}

/** All crowds stay while the contenders take turns, so that whatever else the machine does weighs on all of them. */
async function compareFew(
  contenders: Contender[], { sizes: [count], events, rounds: [rounds], tokens, world, progress, note }: Comparison,
): Promise<void> {
  const stands: Stand[] = []
  for (const contender of contenders) stands.push(await Stand.open(contender, { count, tokens, world }))
  // The first round warms: a server that has been up for a while is what people meet.
  for (let round = 0; round <= rounds; round++) {
    const told: string[] = []
    for (const stand of stands) {
      const { name } = stand.contender
      const { cpuUs } = await stand.play(events, 0)
      if (round) note(`${name} cpu few`, cpuUs)
      told.push(`${name} ${cpuUs.toFixed(1)}`)
    }
    progress(`${count} subscribers, ${round ? `round ${round}` : 'warm-up'}, µs a delivery: ${told.join(', ')}`)
  }
  for (const stand of stands) await stand.close()
}

/** Contenders take turns with their crowds: this process could not hold both crowds at once. */
async function compareMany(
  contenders: Contender[], { sizes: [, count], events, rounds: [, rounds], tokens, world, progress, note }: Comparison,
): Promise<void> {
  for (let round = 1; round <= rounds; round++) {
    for (const contender of contenders) {
      const stand = await Stand.open(contender, { count, tokens, world })
      const { cpuUs } = await stand.play(events, 0)
      const { cpuUs: pacedUs, p99Ms } = await stand.play(events, PACED_PER_SECOND)
      await stand.close()
      note(`${contender.name} cpu many`, cpuUs)
      note(`${contender.name} p99 many`, p99Ms)
      const figures = `${cpuUs.toFixed(1)} µs a delivery (${pacedUs.toFixed(1)} paced), p99 ${p99Ms.toFixed(0)} ms`
      progress(`${count} subscribers, round ${round}, ${contender.name}: ${figures}`)
    }
  }
}

function report(
  { sizes: [few, many], peers }: Extent, measured: Map<string, number[]>, versions: Record<string, string>, bytes: number,
): BenchResult {
  const ratio = (key: string, over: string) =>
    median(measured.get(key)!.map((value, round) => value / measured.get(over)![round]!))
  const metrics: Record<string, number> = {
    cpu_over_floor_1k: ratio('laurel cpu few', 'floor cpu few'),
    cpu_over_floor_10k: ratio('laurel cpu many', 'floor cpu many'),
    ...Object.fromEntries(peers.map(peer => [`cpu_over_${peer}`, ratio('laurel cpu few', `${peer} cpu few`)])),
    p99_over_floor_10k: ratio('laurel p99 many', 'floor p99 many'),
  }
  const title = (key: string) => key.replace('few', `at ${few}`).replace('many', `at ${many}`)
  const rows = [...measured].map(([key, values]) => {
    const each = values.map(value => value.toFixed(1)).join(' ')
    return `${title(key).padEnd(24)} ${median(values).toFixed(1).padStart(8)} ${key.includes('p99') ? 'ms' : 'µs'}   (${each})`
  })
  return {
    metrics, rows, versions,
    notes: [
      `${bytes} bytes a message; ${placing}; each subscriber with an operation id of its own (36 characters).`,
      'Writes are served by another Laurel node; the measured one hears of them over Redis, as a node among many does.',
      `An event follows when everybody has the last one, at most every ${GAP_MS} ms.`,
      `p99 at ${PACED_PER_SECOND} events a second: Laurel's from the mutation sent, the others' from the event.`,
      'Peers resolve the same fields, people through a DataLoader a message, from memory where Laurel asks PostgreSQL.',
    ],
  }
}

/** Returns the versions of the peers and what they stand on. @throws MissingBaseline when they are not installed */
function peerVersions(): Record<string, string> {
  const manifest = (name: string) => new URL(`node_modules/${name}/package.json`, import.meta.url)
  const names = ['graphql-ws', 'graphql-yoga', 'mercurius', 'ws']
  if (!names.every(name => existsSync(manifest(name)))) throw new MissingBaseline('Run: npm ci --prefix bench')
  const versionOf = (name: string) => (JSON.parse(readFileSync(manifest(name), 'utf8')) as { version: string }).version
  return Object.fromEntries(names.map(name => [name, versionOf(name)]))
}

