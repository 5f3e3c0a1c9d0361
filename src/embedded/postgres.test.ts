/** The embedded PostgreSQL, with real servers in temporary folders: started, killed, and found again. */
import { existsSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { Client } from 'pg'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { ended, Ground, pidOf, killAll, processesOf, query, start } from '../../test/embedded.ts'
import { lookAtProcess, lookWithPs } from './postgres.process.ts'
import { startPostgres } from './postgres.ts'

let ground: Ground
beforeAll(async () => { ground = await Ground.make() })
afterAll(() => ground[Symbol.asyncDispose]())

describe('a start', () => {
  it('makes a durable server of UTF-8 that listens on a closed socket alone', async () => {
    const base = ground.newBase('a folder, with "marks"')
    const told: string[] = []
    const server = await startPostgres({ base, progress: sentence => told.push(sentence) })
    const names = 'server_encoding fsync synchronous_commit full_page_writes listen_addresses timezone data_checksums'.split(' ')
    const settings = await query(server, `select ${names.map(name => `current_setting('${name}')`).join()}`)
    expect(settings).toEqual([['UTF8', 'on', 'on', 'on', '', 'UTC', 'on']])
    const locale = `select datlocprovider, datlocale, current_user::text from pg_database where datname = 'postgres'`
    expect(await query(server, locale)).toEqual([['b', 'C.UTF-8', 'laurel_owner']])
    const byUrl = new Client(server.ownerUrl('postgres'))
    await byUrl.connect()
    await byUrl.end()
    expect(statSync(server.socketDir).mode & 0o777).toBe(0o700)
    expect({ version: server.version, reused: server.reused, told }).toEqual({
      version: '18.4', reused: false, told: [`Making the data folder of PostgreSQL 18.4 in ${base}: once, in a second or two.`],
    })
    await Promise.all([server.stop(), server.stop()])
    expect(readdirSync(base).sort()).toEqual(['data', 'postgres.log', 'run'])
  })

  it('finds what was written before a clean stop', async () => {
    const server = await start(ground.copiedBase())
    expect(await query(server, 'select word from kept')).toEqual([['before']])
    await server.stop()
  })

  it('finds what was committed before every process of the server was killed', async () => {
    const base = ground.copiedBase()
    const first = await start(base)
    await query(first, `insert into kept values ('killed')`)
    killAll(processesOf(base))
    await first.stop()
    const second = await start(base)
    expect([second.reused, await query(second, 'select word from kept order by 1')]).toEqual([false, [['before'], ['killed']]])
    await second.stop()
  })

  it('waits for the work of a killed server to end instead of failing', async () => {
    const base = ground.copiedBase()
    const first = await start(base)
    const busy = new Client(first.ownerConfig('postgres'))
    busy.on('error', () => {}) // Its server is killed on purpose.
    await busy.connect()
    const work = busy.query('select count(*) from generate_series(1, 8000000)').catch(() => undefined)
    process.kill(pidOf(base), 'SIGKILL')
    await first.stop()
    const second = await start(base)
    expect([second.reused, await query(second, 'select word from kept')]).toEqual([false, [['before']]])
    await Promise.all([second.stop(), work])
  })

  it('takes over the server that a killed parent left running', async () => {
    const base = ground.copiedBase()
    const { line, child } = await ground.startElsewhere(base)
    const pid = pidOf(base)
    await ended(child, 'SIGKILL')
    const server = await start(base)
    expect([line, server.reused, pidOf(base)]).toEqual(['ready reused=false', true, pid])
    expect(await query(server, 'select word from kept')).toEqual([['before']])
    await server.stop()
    expect(lookAtProcess(pid)).toBeUndefined()
    expect(readdirSync(base).sort()).toEqual(['data', 'postgres.log', 'run'])
  })

  it('makes a new socket when a leftover server has lost its own', async () => {
    const base = ground.copiedBase()
    await ended((await ground.startElsewhere(base)).child, 'SIGKILL')
    rmSync(join(base, 'run'), { recursive: true })
    const server = await start(base)
    expect([server.reused, await query(server, 'select word from kept')]).toEqual([false, [['before']]])
    await server.stop()
  })

  it('leaves the server alone that got the number in an old pid file, and starts its own', async () => {
    const [strange, base] = [ground.copiedBase(), ground.copiedBase()]
    const stranger = await start(strange)
    const file = readFileSync(join(strange, 'data', 'postmaster.pid'), 'utf8')
    writeFileSync(join(base, 'data', 'postmaster.pid'), file.replaceAll(strange, base))
    const server = await start(base)
    expect([server.reused, pidOf(base) === pidOf(strange)]).toEqual([false, false])
    await server.stop()
    expect(await query(stranger, 'select word from kept')).toEqual([['before']])
    await stranger.stop()
  })

  it('begins again when the first start was killed halfway', async () => {
    const base = ground.newBase()
    const starting = ground.startElsewhere(base)
    while (!existsSync(base) || !readdirSync(base).some(name => name.startsWith('data.new-'))) await sleep(5)
    await sleep(150)
    await ended(ground.children.at(-1), 'SIGKILL')
    expect((await starting).line).toBe('nothing')
    expect(existsSync(join(base, 'data'))).toBe(false)
    const server = await start(base)
    expect(await query(server, 'select 1')).toEqual([[1]])
    await server.stop()
    expect(readdirSync(base).sort()).toEqual(['data', 'postgres.log', 'run'])
  })

  it('has its socket in the temporary folder when the path is too long for one, and takes it away', async () => {
    const base = ground.newBase('x'.repeat(90))
    const { line, child } = await ground.startElsewhere(base)
    await ended(child, 'SIGKILL')
    const server = await start(base)
    expect([line, server.reused, dirname(server.socketDir)]).toEqual(['ready reused=false', true, tmpdir()])
    const byUrl = new Client(server.ownerUrl('postgres'))
    await byUrl.connect()
    await byUrl.end()
    expect(statSync(server.socketDir).mode & 0o777).toBe(0o700)
    await server.stop()
    expect(existsSync(server.socketDir)).toBe(false)
  })
})

describe.runIf(process.platform === 'linux')('the process table', () => {
  it('says the same by /proc and by ps', () => {
    const [byProc, byPs] = [lookAtProcess(process.pid), lookWithPs(process.pid)]
    expect(Math.abs((byProc?.startedAt ?? 0) - (byPs?.startedAt ?? NaN))).toBeLessThanOrEqual(2)
    expect(byPs?.program).toBe(byProc?.program)
    expect([lookAtProcess(2 ** 30), lookWithPs(2 ** 30)]).toEqual([undefined, undefined])
  })
})
