/** How the command-line tools find the running demo server and ask it for tokens. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { readConfig } from './platform/config.ts'
import { StartError } from './platform/start-error.ts'

/** Returns the URL of the server that runs in this data folder, else the one that PORT and HOST name. */
export function findServer(): string {
  const { folder, host, port } = readConfig()
  const running = process.env.PORT === undefined ? readUrl(join(folder, 'server.json')) : null
  return running ?? `http://${host === '0.0.0.0' ? '127.0.0.1' : host}:${port}`
}

/** Returns the URL that a running server has left there, or null; a server that was killed may have left half of it. */
function readUrl(place: string): string | null {
  try {
    const { url } = JSON.parse(readFileSync(place, 'utf8')) as { url?: unknown }
    return typeof url === 'string' ? url : null
  } catch {
    return null
  }
}

/** Returns a demo token. @throws StartError when no demo server answers or it refuses. */
export async function askToken(url: string, wish: { tenant?: string; user?: string; role?: string }): Promise<{ token: string }> {
  const response = await fetch(`${url}/demo/token`, {
    method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(wish),
  }).catch(() => null)
  if (!response) {
    throw new StartError(`No Laurel answers at ${url}: start it with npm start (set PORT when it runs on another port).`)
  }
  const answer = await response.json() as { token?: string; errors?: { message: string }[] }
  if (!answer.token) {
    throw new StartError(response.status === 404
      ? 'This server does not run in demo mode, so it issues no tokens.'
      : answer.errors?.[0]?.message ?? `The server answered ${response.status}.`)
  }
  return { token: answer.token }
}
