import { existsSync, readFileSync } from 'node:fs'
import { dirname, join, normalize } from 'node:path'
import { buildSchema, type GraphQLEnumType, parse, validate } from 'graphql'
import { expect, test } from 'vitest'
import { SETTINGS } from '../src/platform/config.ts'
import { ErrorCode } from '../src/platform/errors.ts'
import { FAULT_POINTS } from '../src/platform/faults.ts'
import { LIMITS } from '../src/platform/limits.ts'
import { projectRoot } from '../src/platform/project.ts'
import { registry } from '../src/wire/metrics.ts'
import { filesBelow } from './house.rules.ts'

const read = (path: string) => readFileSync(join(projectRoot, path), 'utf8')
const pages = ['README.md', 'CHANGELOG.md', ...filesBelow(projectRoot, 'docs', /\.md$/)]
const schema = buildSchema(read('schema.graphql'))

/** Returns the fenced blocks of a language. */
const blocksOf = (text: string, language: string) =>
  [...text.matchAll(new RegExp(`^\`\`\`${language}\n([\\s\\S]*?)^\`\`\``, 'gm'))].map(([, block]) => block!)

/** Returns what the schema says against a document. */
function errorsOf(document: string): string[] {
  try {
    return validate(schema, parse(document)).map(({ message }) => message)
  } catch (error) {
    return [(error as Error).message]
  }
}

test('every GraphQL block of the documents is valid against the schema', () => {
  const found = pages.flatMap(page => blocksOf(read(page), 'graphql').map(block => ({ page, block })))
  expect(found.length).toBeGreaterThanOrEqual(5)
  expect(found.flatMap(({ page, block }) => errorsOf(block).map(message => `${page}: ${message}`))).toEqual([])
  expect(errorsOf('{ leaderboard(id: "ldb_…") { nope } }')).toHaveLength(1)
  expect(errorsOf('{ viewer {')).toHaveLength(1)
})

test('every message shown in the documents is JSON, one a line', () => {
  const lines = pages.flatMap(page => blocksOf(read(page), 'json').flatMap(block => block.trim().split('\n')))
  expect(lines.length).toBeGreaterThanOrEqual(5)
  for (const line of lines) expect(() => JSON.parse(line) as unknown, line).not.toThrow()
})

/** Returns the anchor that a heading gets. */
const anchorOf = (heading: string) => heading.toLowerCase().replaceAll(/[^\w\s-]/g, '').trim().replaceAll(/\s/g, '-')

/** Returns the links of a page that lead nowhere within the project. */
function deadLinks(page: string, text: string): string[] {
  const links = [...text.matchAll(/\]\((?!https?:)([^)\s]+)\)/g)].map(([, link]) => link!)
  return links.filter(link => {
    const [path, anchor] = link.split('#') as [string, string?]
    const target = path ? normalize(join(dirname(page), path)) : page
    if (!existsSync(join(projectRoot, target))) return true
    return anchor !== undefined && ![...read(target).matchAll(/^#+ (.+)$/gm)].some(([, heading]) => anchorOf(heading!) === anchor)
  })
}

test('every link within the documents leads somewhere', () => {
  expect(pages.flatMap(page => deadLinks(page, read(page)).map(link => `${page}: ${link}`))).toEqual([])
  expect(deadLinks('README.md', '[a](docs/nowhere.md) [b](docs/protocol.md#streams) [c](docs/protocol.md#nothing)'))
    .toEqual(['docs/nowhere.md', 'docs/protocol.md#nothing'])
})

test('every setting and every metric is explained in docs/operate.md', async () => {
  const operate = read('docs/operate.md')
  const missing = (names: string[]) => names.filter(name => !operate.includes(`| \`${name}\` |`))
  expect(missing(SETTINGS.map(({ name }) => name))).toEqual([])
  const metrics = (await registry.getMetricsAsJSON()).map(({ name }) => name)
    .filter(name => !/^laurel_(process|nodejs)_/.test(name))
  expect(missing(metrics)).toEqual([])
  expect(missing(['LAUREL_NOTHING'])).toEqual(['LAUREL_NOTHING'])
})

test('every fault point is explained in docs/contributing.md', () => {
  const contributing = read('docs/contributing.md')
  const rows = Object.entries(FAULT_POINTS).map(([point, meaning]) => `| \`${point}\` | ${meaning} |`)
  expect(rows.length).toBeGreaterThanOrEqual(10)
  expect(rows.filter(row => !contributing.includes(row))).toEqual([])
})

test('every code, reason and close code is explained in docs/protocol.md', () => {
  const protocol = read('docs/protocol.md')
  const told = (name: string) => protocol.includes(`\`${name}\``)
  const faults = /export type FaultCode =([\s\S]*?)\n\n/.exec(read('src/platform/errors.ts'))![1]!.match(/[A-Z_]+(?=')/g)!
  const reasons = (schema.getType('SnapshotReason') as GraphQLEnumType).getValues().map(({ name }) => name)
  expect([faults.length, reasons.length]).toEqual([9, 5])
  expect([...Object.keys(ErrorCode), ...faults, ...reasons].filter(name => !told(name))).toEqual([])
  const closes = new Set(
    filesBelow(projectRoot, 'src/wire', /\.ts$/).flatMap(path => read(path).match(/(?<== )(?:10(?:09|1[0-5])|44\d\d)\b/g) ?? []))
  expect(closes.size).toBeGreaterThanOrEqual(1)
  expect([...closes].filter(code => !new RegExp(`^\\| ${code} \\|`, 'm').test(protocol))).toEqual([])
})

test('the bounds that docs/protocol.md names are those that bind', () => {
  const protocol = read('docs/protocol.md').replaceAll(/\s+/g, ' ')
  const number = (value: number) => value.toLocaleString('en-US')
  const bounds = [
    `bodies up to ${LIMITS.requestBytesMax / 2 ** 20} MB`, `at most ${LIMITS.pageMax})`, `at most ${LIMITS.leaderboardTopMax})`,
    `the newest ${LIMITS.feedSnapshotItems} items`, `per tick of ${LIMITS.tickMs} ms`, `(${number(LIMITS.deltaRingMax)})`,
    `waits up to ${LIMITS.markWaitMs / 1_000} seconds`, `at most ${number(LIMITS.pollWaitMaxMs)}`,
    `more than ${LIMITS.creditBytes / 2 ** 10} KB are unacknowledged`, `any progress for ${LIMITS.stalledMaxMs / 1_000} seconds`,
    `larger than ${LIMITS.socketMessageBytesMax / 2 ** 20} MB`, `up to ${LIMITS.subscriptionsPerSocketMax} operations at a time`,
    `${LIMITS.socketMessagesPerSecondMax} messages a second from the client (bursts of ${LIMITS.socketMessagesBurstMax})`,
    `${LIMITS.idempotencyKeyMin} to ${LIMITS.idempotencyKeyMax} visible ASCII`,
  ]
  expect(bounds.filter(bound => !protocol.includes(bound))).toEqual([])
})

test('README fits a screen, and decisions are short and numbered without a gap', () => {
  const linesOf = (path: string) => read(path).trimEnd().split('\n').length
  expect(linesOf('README.md')).toBeLessThanOrEqual(60)
  const decisions = filesBelow(projectRoot, 'docs/decisions', /\.md$/)
  expect(decisions.filter(path => linesOf(path) > 30)).toEqual([])
  expect(decisions.map(path => Number(/(\d{4})-/.exec(path)![1]))).toEqual(decisions.map((_, at) => at + 1))
})
