/** The program that `npm start` runs: what it says when it cannot begin, and that it leaves nothing behind when it is stopped. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { type AddressInfo, createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { expect, onTestFinished, test } from 'vitest'
import { findLeftover } from '../src/embedded/postgres.server.ts'
import { projectRoot } from '../src/platform/project.ts'
import { startServer } from './processes.ts'

/** Starts the program in a new folder of its own; `stopAt` sends SIGTERM when a line says so. Returns how it ended. */
async function start(settings: Record<string, string>, stopAt?: RegExp) {
  const folder = mkdtempSync(join(tmpdir(), 'laurel-start-'))
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
  const { DATABASE_URL: _1, DATABASE_APP_URL: _2, REDIS_URL: _3, HOST: _4, ...environment } = process.env
  const child = spawn(process.execPath, ['--import', 'tsx', join(projectRoot, 'src/main.ts')], {
    cwd: projectRoot, stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...environment, NODE_ENV: 'test', LAUREL_DATA: folder, PORT: '0', LAUREL_LOG: 'fatal', ...settings },
  })
  onTestFinished(() => void child.kill('SIGKILL'))
  let seen = ''
  child.stdout.on('data', (bytes: Buffer) => {
    if (stopAt?.test(seen += bytes.toString()) && !child.killed) child.kill('SIGTERM')
  })
  const said = Promise.all([text(child.stdout), text(child.stderr)])
  const [code] = await once(child, 'exit') as [number]
  const [out, err] = await said
  const cluster = join(folder, 'data')
  return { code, out, err: err.trim(), isLeftRunning: existsSync(cluster) && findLeftover(cluster) !== undefined }
}

/** Returns a port where somebody listens, and one where nobody does. */
async function ports(): Promise<{ busy: number; free: number }> {
  const [stays, goes] = [createServer(), createServer()]
  for (const server of [stays, goes]) await once(server.listen(0, '127.0.0.1'), 'listening')
  const [busy, free] = [stays, goes].map(server => (server.address() as AddressInfo).port) as [number, number]
  await new Promise(done => goes.close(done))
  onTestFinished(() => void stays.close())
  return { busy, free }
}

test('a start that cannot be says why in one sentence, ends with 1, and leaves no server running', async () => {
  const { busy, free } = await ports()
  const file = join(mkdtempSync(join(tmpdir(), 'laurel-start-')), 'a file')
  writeFileSync(file, '')
  onTestFinished(() => rmSync(join(file, '..'), { recursive: true, force: true }))
  const cases: [Record<string, string>, string][] = [
    [{ PORT: 'http' }, 'PORT is "http": set it to a whole number from 0 to 65535.'],
    [{ LAUREL_DATA: file },
      `Laurel cannot keep its data in ${file} (a file stands where a folder should be): mend that, or set LAUREL_DATA to `
      + 'a folder it may write in.'],
    [{ DATABASE_URL: `postgres://laurel@127.0.0.1:${free}/laurel` },
      'PostgreSQL at DATABASE_URL cannot be used (nothing listens there): start it, or correct DATABASE_URL.'],
    [{ REDIS_URL: `redis://127.0.0.1:${free}` },
      `Redis at REDIS_URL cannot be reached (connect ECONNREFUSED 127.0.0.1:${free}): start it, correct REDIS_URL, or unset it `
      + 'to run one node without Redis.'],
    [{ PORT: String(busy) }, `Port ${busy} is in use: stop what listens there, or set PORT to a free one.`],
  ]
  for (const [settings, sentence] of cases) {
    const { code, err, isLeftRunning } = await start(settings)
    expect({ settings, code, err, isLeftRunning }).toEqual({ settings, code: 1, err: sentence, isLeftRunning: false })
  }
}, 120_000)

test.each([['making its data folder', /Making the data folder/], ['migrating', /migration 0002/]])(
  'a start that is stopped while %s ends what it began', async (_when, stopAt) => {
    const { code, out, err, isLeftRunning } = await start({}, stopAt)
    expect({ code, err, isLeftRunning, end: out.trimEnd().split('\n').at(-1) })
      .toEqual({ code: 0, err: '', isLeftRunning: false, end: expect.stringMatching(/^SIGTERM: closing|^ +[\d.]+ s  /) })
    expect(out).toContain('\nSIGTERM: closing\n')
    expect(out).not.toContain(' s  ready')
  }, 60_000)

test('a house that runs answers people, and who asks wrongly, in words', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'laurel-start-'))
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
  const { url, kill } = await startServer({ LAUREL_DATA: folder })
  onTestFinished(() => kill('SIGTERM'))
  const asked = async (path: string, body?: object, accept = '*/*') => {
    const sent = body && { method: 'POST', body: JSON.stringify(body), headers: { accept, 'content-type': 'application/json' } }
    const response = await fetch(url + path, { redirect: 'manual', headers: { accept }, ...sent })
    const said = await response.text()
    const fault = said.startsWith('{"errors"') ? (JSON.parse(said) as { errors: { message: string }[] }).errors[0]!.message : null
    return [response.status, response.headers.get('location') ?? fault]
  }
  const nobody = 'There is no such person in this tenant: name an e-mail address or an id of `users`.'
  const roles = 'role must be one of VIEWER, MEMBER, PARTNER, MANAGER, FINANCE, COMPLIANCE, ADMIN.'
  for (const [answer, ...question] of [
    [[302, '/explorer'], '/graphql', undefined, 'text/html,*/*'],
    [[200, null], '/explorer/'],
    [[400, '\'/%ff\' is not a valid url component'], '/%ff'],
    [[400, 'A subscription is a stream: send it over WebSocket to /graphql, or to POST /graphql/stream.'],
      '/graphql', { query: 'subscription { feed { __typename } }' }],
    [[400, 'variables must be an object or null.'], '/graphql/stream', { query: '{ __typename }', variables: 'x' }],
    [[200, null], '/demo/token', { user: 'ines.okafor-lind@fernbrook.example' }],
    [[400, nobody], '/demo/token', { user: '\0' }],
    [[400, 'There is no demo tenant "\0": use fernbrook or harrow-pine.'], '/demo/token', { tenant: '\0' }],
    [[400, roles], '/demo/token', { role: 'toString' }],
  ] as const) expect([question, await asked(...question as unknown as [string])]).toEqual([question, answer])
}, 60_000)
