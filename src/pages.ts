/** Finds the built web pages, building them when they are missing or stale. */
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { log } from './platform/log.ts'
import { projectRoot } from './platform/project.ts'

interface Built { folder: string; built: boolean; ms: number; problem?: string }

/** Returns the folder of the pages, or null when they cannot be built here; the API works without them. */
export async function buildPages(progress: (line: string) => void): Promise<string | null> {
  try {
    // Loaded by path: the builder is plain Node outside src, so that the server's own program carries no bundler.
    const { buildPages: build } =
      await import(pathToFileURL(join(projectRoot, 'web', 'build.ts')).href) as { buildPages(): Promise<Built> }
    const { folder, built, ms, problem } = await build()
    if (built) progress(`web pages built in ${(ms / 1_000).toFixed(1)} s`)
    if (problem) log.warn({ reason: problem }, 'the web pages are older than their sources')
    return folder
  } catch (error) {
    log.warn({ reason: (error as Error).message }, 'the web pages cannot be built; the API runs without them')
    return null
  }
}
