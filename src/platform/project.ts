/** Where this checkout lies, from the sources and from dist alike. */
import { existsSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'

function findRoot(folder: string): string {
  return existsSync(join(folder, 'package.json')) ? folder : findRoot(dirname(folder))
}

/** The folder that holds package.json, migrations and the built pages. */
export const projectRoot = findRoot(import.meta.dirname)

/** The version in package.json. */
export const version: string = JSON.parse(readFileSync(join(projectRoot, 'package.json'), 'utf8')).version
