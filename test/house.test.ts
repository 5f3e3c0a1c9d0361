import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { cruise, type ICruiseOptions, type ICruiseResult } from 'dependency-cruiser'
import { expect, test } from 'vitest'
import { LIMITS } from '../src/platform/limits.ts'
import { projectRoot } from '../src/platform/project.ts'
import {
  bannedNames, bannedWord, BOUNDS, filesBelow, headless, importsOf, isTest, longFile, longFunctions, longLines, machinePaths,
  sleepingTests, type Source, sourceOf, sourcesIn, trailingSpaces, undocumented,
} from './house.rules.ts'

interface Staircase { forbidden: { name: string; to: { path?: string } }[]; options: Record<string, unknown> }
const STAIRS = createRequire(import.meta.url)('../.ci/dependency-cruiser.cjs') as Staircase
const SOURCES = sourcesIn(projectRoot, ['src', 'test', 'bench', '.ci', 'web']).filter(({ path }) => path !== 'web/generated.ts')
const OURS = SOURCES.filter(({ path }) => !path.startsWith('web/')) // The pages tell their docstrings apart.
// What has longer lines still; the list only gets shorter.
const LONG = /^bench\/(live\.|fanout)/
const SHORT = SOURCES.filter(({ path }) => !LONG.test(path))

/** Returns what each module of `root` was seen to import, and the breaches of the staircase as `rule: from → to`. */
async function climb(root: string) {
  const { enhancedResolveOptions, ...options } = STAIRS.options
  const { output } = await cruise(
    ['src'], { ...options, baseDir: root, validate: true, ruleSet: { forbidden: STAIRS.forbidden } } as ICruiseOptions,
    enhancedResolveOptions as never)
  const { modules, summary } = output as ICruiseResult
  const breaches = summary.violations.map(({ rule, from, to }) => `${rule.name}: ${from} → ${to}`)
  const read = new Map(modules.map(({ source, dependencies }) => [source, new Set(dependencies.map(({ module }) => module))]))
  return { read, breaches }
}

test('a room imports only from rooms above it, knocks at its neighbors, and keeps its rules pure', async () => {
  const { read, breaches } = await climb(projectRoot)
  expect(breaches).toEqual([])
  // Without its parser the tool reads nothing, and where it stumbles it reads the beginning only; both look like a clean house.
  const walked = OURS.filter(({ path }) => path.startsWith('src/') && !isTest(path))
  expect(walked.length).toBeGreaterThanOrEqual(60)
  const unread = walked.flatMap(source => importsOf(source)
    .filter(name => !read.get(source.path)?.has(name.replace(/^node:/, ''))).map(name => `${source.path}: ${name}`))
  expect(unread).toEqual([])
})

test('each kind of breach of the staircase is found when it is planted', async () => {
  const copy = mkdtempSync(join(tmpdir(), 'laurel-house-'))
  try {
    for (const part of ['src', 'package.json']) cpSync(join(projectRoot, part), join(copy, part), { recursive: true })
    const plant = (path: string, text: string) =>
      writeFileSync(join(copy, path), `${text}\n${readFileSync(join(copy, path), 'utf8')}`)
    plant('src/platform/limits.ts', `import '../users/user.service.ts'`)
    plant('src/points/level.rules.ts', `import type { Database } from '../platform/db.ts'\nexport type Later = Database`)
    plant('src/points/period.rules.ts', `import 'node:fs'`)
    plant('src/leaderboards/boards.ts', `import '../activities/activity.sql.ts'`)
    plant('src/users/user.rules.ts', `import '../schema.ts'`)
    plant('src/tenants/tenant.service.ts', `import './nowhere.ts'`)
    const { breaches } = await climb(copy)
    expect(breaches).toEqual(expect.arrayContaining([
      'no-upward-from-platform: src/platform/limits.ts → src/users/user.service.ts',
      'rules-are-pure: src/points/level.rules.ts → src/platform/db.ts',
      'rules-are-pure: src/points/period.rules.ts → fs',
      'neighbours-knock: src/leaderboards/boards.ts → src/activities/activity.sql.ts',
      'rooms-do-not-know-the-house: src/users/user.rules.ts → src/schema.ts',
      'imports-resolve: src/tenants/tenant.service.ts → ./nowhere.ts',
    ]))
    expect(breaches.some(breach => breach.startsWith('no-circular'))).toBe(true) // users.rules → schema → … → users.rules
  } finally {
    rmSync(copy, { recursive: true, force: true })
  }
})

const broken = (path: string, text: string) => sourceOf(path, text)
const many = (lines: number) => 'let x = 1\n'.repeat(lines)

test.each<[string, Source[], (source: Source) => string[], Source]>([
  [
    `lines have at most ${BOUNDS.lineLength} characters`, SHORT, longLines,
    broken('src/a.ts', `// ${'x'.repeat(BOUNDS.lineLength - 2)}\n`),
  ],
  [
    `functions have at most ${BOUNDS.functionLines} lines`, SOURCES, longFunctions,
    broken('src/a.ts', `export const f = () => {\n${many(BOUNDS.functionLines - 1)}}\n`),
  ],
  [`files have at most ${BOUNDS.fileLines} lines`, SOURCES, longFile, broken('src/a.ts', many(BOUNDS.fileLines + 1))],
  ['lines end where their words end', SOURCES, trailingSpaces, broken('src/a.ts', 'const a = 1 \n')],
  ['files begin by saying what they are', SOURCES, headless, broken('src/a.ts', 'export const a = 1\n')],
  [
    'exported functions, classes and interfaces say what they are', OURS, undocumented,
    broken('src/a.ts', '/** A file. */\nexport function f() {}\n'),
  ],
  ['nothing is named by a word that says nothing', SOURCES, bannedNames, broken('src/a.ts', 'const memberScore = 1\n')],
  ['every written test runs', SOURCES, sleepingTests, broken('src/a.test.ts', `test.${'only'}('a', () => {})\n`)],
  [
    'no file knows the machine it was written on', SOURCES, machinePaths,
    broken('src/a.ts', `const home = '/${'root'}/laurel'\n`),
  ],
])('%s', (_title, sources, rule, planted) => {
  expect(sources.flatMap(rule)).toEqual([])
  expect(rule(planted)).toHaveLength(1)
})

test('the exceptions of the rules are no holes', () => {
  expect(longLines({ path: 'a.ts', text: `${'x'.repeat(BOUNDS.lineLength)}\n` })).toEqual([])
  expect(longFunctions(broken('a.ts', `export const f = () => {\n${many(BOUNDS.functionLines - 2)}}\n`))).toEqual([])
  expect(longFile({ path: 'a.ts', text: many(BOUNDS.fileLines) })).toEqual([])
  expect(undocumented(broken('a.ts', '/** A file. */\n/** Does. */\nexport const f = () => 1\n'))).toEqual([])
  expect(undocumented(broken('a.ts', '/** A file. */\n@Resolver()\nexport class A {}\nexport class B {}\n'))).toHaveLength(1)
  expect(bannedNames(broken('a.ts', 'const { data, errors } = await ask()\nconst data = 1\n'))).toHaveLength(1)
  expect(['teamMembership', 'pageInfo', 'MEMBER', 'LAUREL_DATA', 'dataloader'].map(bannedWord))
    .toEqual([null, null, null, null, null])
  expect(['members', 'userData', 'fraudScore', 'string_utils', 'onHandler'].map(bannedWord))
    .toEqual(['members', 'data', 'score', 'utils', 'handler'])
})

test('no document and no setting knows the machine it was written on', () => {
  const paths = ['docs', 'migrations', 'packs', 'deploy', '.ci', 'web']
    .flatMap(folder => filesBelow(projectRoot, folder, /\.(md|sql|json|ya?ml|html|css|sh)$|^run$/))
  const top = ['README.md', 'CHANGELOG.md', 'package.json', 'schema.graphql', 'codegen.yml', 'tsconfig.json']
  const files = [...paths, ...top].map(path => ({ path, text: readFileSync(join(projectRoot, path), 'utf8') }))
  expect(files.flatMap(machinePaths)).toEqual([])
})

// Rooms that have outgrown the bound, each with what it may hold until it is split.
const CROWDED: Record<string, number> = { src: 15, 'src/platform': 25, 'src/wire': 23 }
const OWN = filesBelow(projectRoot, 'src', /\.ts$/).filter(path => !isTest(path))

test(`a room has at most ${BOUNDS.roomFiles} files and no room within`, () => {
  const rooms = Map.groupBy(OWN, dirname)
  expect([...rooms.keys()].filter(room => room.split('/').length > 2)).toEqual([])
  const crowded = [...rooms].filter(([room, files]) => files.length > (CROWDED[room] ?? BOUNDS.roomFiles))
    .map(([room, files]) => `${room} has ${files.length} files`)
  expect(crowded).toEqual([])
})

test('every room has its place on the stairs', () => {
  const rooms = new Set(OWN.map(path => path.split('/')).filter(parts => parts.length > 2).map(([, room]) => room))
  const upward = STAIRS.forbidden.filter(({ name }) => name.startsWith('no-upward-from-'))
  const highest = /\((\w+)\)/.exec(upward.at(-1)!.to.path!)![1]
  expect([...rooms].sort()).toEqual([...upward.map(({ name }) => name.slice('no-upward-from-'.length)), highest].sort())
})

test('every bound in limits.ts binds something', () => {
  const texts = OWN.map(path => readFileSync(join(projectRoot, path), 'utf8'))
  const unbound = Object.keys(LIMITS).filter(name => !texts.some(text => new RegExp(`LIMITS\\.${name}\\b`).test(text)))
  expect(unbound).toEqual([])
})

test(`tests are at least ${BOUNDS.testsToCode} of the code`, () => {
  const linesOf = (paths: string[]) =>
    paths.reduce((sum, path) => sum + readFileSync(join(projectRoot, path), 'utf8').split('\n').length - 1, 0)
  const own = filesBelow(projectRoot, 'src', /\.ts$/)
  const [tests, code] =
    [[...own.filter(isTest), ...filesBelow(projectRoot, 'test', /\.ts$/)], own.filter(path => !isTest(path))].map(linesOf)
  expect(tests! / code!, `${tests} lines of tests, ${code} of code`).toBeGreaterThanOrEqual(BOUNDS.testsToCode)
})

test('each table of a migration has row security in the same file', () => {
  const openTables = (sql: string) => [...sql.matchAll(/^create table (\w+)/gm)].map(([, name]) => name!)
    .filter(name => !sql.includes(`call laurel_secure('${name}');`))
  const files = filesBelow(projectRoot, 'migrations', /\.sql$/).map(path => readFileSync(join(projectRoot, path), 'utf8'))
  expect(files.flatMap(openTables)).toEqual([])
  expect(openTables('create table prize (tenant_id uuid);')).toEqual(['prize'])
})

test('migrations are numbered from 1 without a gap', () => {
  const names = filesBelow(projectRoot, 'migrations', /\.sql$/).map(path => path.replace('migrations/', ''))
  expect(names.map(name => Number(name.slice(0, 4)))).toEqual(names.map((_, at) => at + 1))
  expect(names.filter(name => !/^\d{4}_[a-z_]+\.sql$/.test(name))).toEqual([])
})
