import { existsSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import { UsageError } from './exit-codes.ts'

/** The names of the configuration, the first one that is there wins. */
const CONFIG_NAMES = ['ts', 'mts', 'js', 'mjs', 'cjs', 'json'].map(
  (extension) => `filedepot.config.${extension}`,
)

/**
 * The configuration: the file that `--config` names, or the nearest one in this folder or above it.
 *
 * @throws UsageError if there is none
 */
export function findConfig(cwd: string, given: string | undefined): string {
  if (given !== undefined) {
    const path = resolve(cwd, given)
    if (existsSync(path)) return path
    throw new UsageError(`there is no configuration ${path}`)
  }
  for (let folder = resolve(cwd); ; folder = dirname(folder)) {
    const found = CONFIG_NAMES.map((name) => join(folder, name)).find((path) => existsSync(path))
    if (found !== undefined) return found
    if (folder === dirname(folder)) break
  }
  throw new UsageError(
    `there is no filedepot.config.ts in ${cwd} or above it (nor .mts, .js, .mjs, .cjs, .json): run "filedepot init", or name one by --config`,
  )
}
