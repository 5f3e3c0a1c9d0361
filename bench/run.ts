/**
 * `npm run bench -- <name> [--quick] [--json]`: runs one bench and prints its ratios beside goal, floor, machine and
 * versions.
 */
import { existsSync, readdirSync } from 'node:fs'
import { cpus, totalmem } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { GOALS } from './goals.ts'
import { MissingBaseline } from './services.ts'

/** What a bench answers once its result was checked to be right. */
export interface BenchResult {
  metrics: Record<string, number>; rows?: (string | string[])[]; notes?: string[]; versions?: Record<string, string>
}
type Bench = (options: { quick: boolean; progress: (line: string) => void }) => Promise<BenchResult>

const { values, positionals: [name] } = parseArgs({
  allowPositionals: true,
  options: { quick: { type: 'boolean', default: false }, json: { type: 'boolean', default: false } },
})
const names = readdirSync(import.meta.dirname).filter(file => file.endsWith('.bench.ts'))
  .map(file => file.slice(0, -'.bench.ts'.length)).sort()

async function run(): Promise<number> {
  if (!name || !existsSync(join(import.meta.dirname, `${name}.bench.ts`))) {
    console.error(`Name a bench: npm run bench -- <${names.join(' | ')}> [--quick] [--json]`)
    return 1
  }
  const begun = performance.now()
  const progress = (line: string) =>
    process.stderr.write(`${((performance.now() - begun) / 1_000).toFixed(1).padStart(6)} s  ${line}\n`)
  const { default: bench } = await import(`./${name}.bench.ts`) as { default: Bench }
  const result = await bench({ quick: values.quick, progress }).catch((error: Error) => error)
  if (result instanceof MissingBaseline) {
    console.error(`This bench compares with something that is not installed. ${result.message}`)
    return 2
  }
  if (result instanceof Error) throw result
  const machine = {
    cpu: cpus()[0]?.model ?? 'unknown', cores: cpus().length, memoryGiB: Math.round(totalmem() / 2 ** 30),
    platform: `${process.platform} ${process.arch}`,
  }
  const versions = { node: process.versions.node, ...result.versions }
  print(name, result, machine, versions)
  if (values.json) console.log(JSON.stringify({ name, metrics: result.metrics, versions, machine }))
  return 0
}

function print(bench: string, { metrics, rows = [], notes = [] }: BenchResult, machine: object, versions: object): void {
  console.log(`${bench}${values.quick ? ' (quick: too short to quote)' : ''}  ${new Date().toISOString().slice(0, 10)}`)
  const named = Object.entries(versions).map(([key, value]) => `${key} ${value}`).join(', ')
  console.log(`machine: ${Object.values(machine).join(', ')}; versions: ${named}`)
  for (const row of rows) console.log(typeof row === 'string' ? row : row.map((cell, at) => cell.padEnd(at ? 16 : 60)).join(''))
  const goals = new Map((GOALS[bench] ?? []).map(goal => [goal.key, goal]))
  for (const [key, value] of Object.entries(metrics)) {
    const goal = goals.get(key)
    const figure = Number.isInteger(value) ? String(value) : value.toPrecision(3)
    const unit = goal?.unit ? ` ${goal.unit}` : ''
    const aim = goal && `goal ${goal.more ? '≥' : '≤'} ${goal.goal}${unit}, floor ${goal.floor ?? '–'}`
    console.log(`${key.padEnd(28)} ${figure.padStart(10)}${goal ? `   ${aim}: ${verdictFor(goal, value)}   ${goal.what}` : ''}`)
  }
  for (const note of notes) console.log(`note: ${note}`)
}

function verdictFor({ goal, floor, more }: { goal: number; floor: number | null; more: boolean }, value: number): string {
  const meets = (bound: number) => more ? value >= bound : value <= bound
  return meets(goal) ? 'goal met' : floor === null || meets(floor) ? 'floor met' : 'MISSED'
}

process.exitCode = await run()
