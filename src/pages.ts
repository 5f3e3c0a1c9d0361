/** Finds the built web pages, building them when they are missing or stale. */
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { log } from './platform/log.ts'
import { projectRoot } from './platform/project.ts'

interface Built { folder: string; built: boolean; ms: number; problem?: string }

/**
 * Returns the folder of the pages, or null when they cannot be built here; the API works without them. A build ends when
 * `stop` is given.
 */
export async function buildPages(progress: (line: string) => void, stop: AbortSignal): Promise<string | null> {
  try {
    // Loaded by path: the builder is plain Node outside src, so that the server's own program carries no bundler.
    const { buildPages: build } =
      await import(pathToFileURL(join(projectRoot, 'web', 'build.ts')).href) as { buildPages(stop: AbortSignal): Promise<Built> }
    const { folder, built, ms, problem } = await build(stop)
    if (built) progress(`web pages built in ${(ms / 1_000).toFixed(1)} s`)
    if (problem && !stop.aborted) log.warn({ reason: problem }, 'the web pages are older than their sources')
    return folder
  } catch (error) {
    if (stop.aborted) return null
    log.warn({ reason: (error as Error).message }, 'the web pages cannot be built; the API runs without them')
    return null
  }
}
