import type { DepotManager } from '@filedepot/core'
import { readFile } from 'node:fs/promises'
import { extname } from 'node:path'
import { pathToFileURL } from 'node:url'
import type { FiledepotConfig } from './config.ts'
import { UsageError } from './exit-codes.ts'
import { configFromJson } from './json-config.ts'
import type { Project } from './project.ts'
import { createLoader } from './typescript-loader.ts'

/**
 * Runs the configuration, with all that it imports, in TypeScript or JavaScript; or reads it as JSON.
 *
 * @throws UsageError if it exports no configuration; what it throws by itself
 */
export async function loadConfig(path: string, project: Project): Promise<FiledepotConfig> {
  if (extname(path) === '.json') return await configFromJson(await readJson(path), project)
  const module = /\.[cm]?js$/.test(path)
    ? ((await import(pathToFileURL(path).href)) as unknown)
    : await createLoader(path, project).import(path)
  const config = check(defaultOf(module), path)
  if (config.depot ?? config.depots) return config
  const { depot } = await project.import<{ depot: DepotManager }>('@filedepot/core', path)
  return { ...config, depot }
}

async function readJson(path: string): Promise<unknown> {
  try {
    return JSON.parse(await readFile(path, 'utf8'))
  } catch (cause) {
    throw new UsageError(`${path} is no JSON: ${(cause as Error).message}`)
  }
}

/** Of a CommonJS module, or one that was compiled to it, the default export is one level down. */
function defaultOf(module: unknown): unknown {
  let value = module
  for (let level = 0; level < 2; level++) {
    if (typeof value === 'object' && value !== null && 'default' in value) value = value.default
  }
  return value
}

const PROPERTIES = ['depot', 'depots', 'database', 'databases', 'close'] satisfies (keyof FiledepotConfig)[]

function check(config: unknown, path: string): FiledepotConfig {
  if (typeof config !== 'object' || config === null)
    throw new UsageError(`${path} exports no configuration: export default defineConfig({ depot, database })`)
  const unknown = Object.keys(config).find((name) => !(PROPERTIES as string[]).includes(name))
  if (unknown !== undefined)
    throw new UsageError(`${path} has the property "${unknown}": expected some of ${PROPERTIES.join(', ')}`)
  const { depot, depots, database, databases } = config as FiledepotConfig
  if (depot && depots) throw new UsageError(`${path} has both depot and depots: name all of them in depots`)
  if (database && databases)
    throw new UsageError(`${path} has both database and databases: name all of them in databases`)
  return config
}
