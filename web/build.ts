/**
 * Builds the pages when they are missing or stale. Plain Node: the server loads this file by its path, without Vite in
 * its own process.
 */
import { execFile } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, globSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'

const PROJECT = fileURLToPath(new URL('..', import.meta.url))
const PAGES = join(PROJECT, 'dist/web')
const BUILD_MS_MAX = 120_000

/** Returns the fingerprint of everything the pages are made of: their sources (tests apart) and the lock file. */
export function sourcesHash(): string {
  const hash = createHash('sha256').update(readFileSync(join(PROJECT, 'package-lock.json')))
  const files = globSync('**/*.*', { cwd: join(PROJECT, 'web'), exclude: name => name.endsWith('.test.ts') })
  for (const file of files.sort()) hash.update(`\0${file}\0`).update(readFileSync(join(PROJECT, 'web', file)))
  return hash.digest('hex')
}

/**
 * Returns the folder that holds the pages, whether it was built just now, and how long that took (ms).
 * A fresh folder is found by its `.hash` within milliseconds. The build runs in a process of its own, so the bundler's memory is
 * not the server's, and into a folder of its own, so two servers that start at once do not see each other's half.
 * @throws Error when the pages are missing and cannot be built; stale pages that cannot be rebuilt are returned with `problem`
 */
export async function buildPages(stop?: AbortSignal): Promise<{ folder: string; built: boolean; ms: number; problem?: string }> {
  const startMs = performance.now()
  const done = (built: boolean, problem?: string) => ({
    folder: PAGES,
    built,
    ms: Math.round(performance.now() - startMs),
    problem,
  })
  const hash = sourcesHash()
  const stamp = join(PAGES, '.hash')
  if (existsSync(stamp) && readFileSync(stamp, 'utf8') === hash) return done(false)
  const draft = join(PROJECT, `dist/.web-${process.pid}`)
  try {
    await promisify(execFile)(process.execPath, [fileURLToPath(import.meta.url), draft], {
      timeout: BUILD_MS_MAX,
      signal: stop,
      cwd: PROJECT,
      // A server started by a test must not leave test pages behind.
      env: { ...process.env, NODE_ENV: 'production', NODE_OPTIONS: '' },
    })
    writeFileSync(join(draft, '.hash'), hash)
    rmSync(PAGES, { recursive: true, force: true })
    renameSync(draft, PAGES)
    return done(true)
  } catch (error) {
    rmSync(draft, { recursive: true, force: true })
    if (!existsSync(join(PAGES, 'index.html')))
      throw new Error('The web pages are not built. Run `npm ci`, then start again.', { cause: error })
    return done(false, error instanceof Error ? error.message : String(error))
  }
}

/** Builds into `outDir`: the part that runs in its own process. */
async function bundle(outDir: string): Promise<void> {
  const { build } = await import('vite')
  const { default: config } = await import('./vite.config.ts')
  await build({ ...config, build: { ...config.build, outDir } })
}

if (process.argv[1] === fileURLToPath(import.meta.url)) await bundle(process.argv[2] ?? PAGES)
