import type { StorageBackend } from '../backend.ts'
import { LocalBackend } from '../backends/local/local-backend.ts'
import { MemoryBackend } from '../backends/memory-backend.ts'
import { FiledepotError } from '../errors.ts'
import { expected } from '../expected.ts'

/** Settings by their names without the prefix, for example `STORAGE_PATH`. */
export type EnvironmentSettings = Readonly<Record<string, string>>

/** Makes a backend from its settings. */
export interface EnvironmentBackend {
  /** The settings that it knows, for example `['STORAGE_PATH']`. Others are an error, unless it takes any. */
  readonly settings: readonly string[] | 'any'
  create(settings: EnvironmentSettings): StorageBackend
}

/** Options of {@link DepotManager.fromEnvironment}. */
export interface EnvironmentOptions {
  /** @default process.env */
  env?: Readonly<Record<string, string | undefined>>
  /** What the names of the settings begin with. @default 'DEPOT_' */
  prefix?: string
  /** More kinds of backends, by the name that `DEPOT_BACKEND` gives. `local` and `memory` are always known. */
  backends?: Readonly<Record<string, EnvironmentBackend>>
}

const BUILT_IN: Record<string, EnvironmentBackend> = {
  local: {
    settings: ['STORAGE_PATH', 'FSYNC', 'NETWORK_MOUNT', 'PYTHON_DEPOT'],
    create: ({ STORAGE_PATH, FSYNC, NETWORK_MOUNT, PYTHON_DEPOT }) => {
      if (!STORAGE_PATH) throw expected('STORAGE_PATH', 'the path of a folder', STORAGE_PATH)
      return new LocalBackend(STORAGE_PATH, {
        fsync: isOn(FSYNC),
        networkMount: isOn(NETWORK_MOUNT),
        pythonDepot: isOn(PYTHON_DEPOT),
      })
    },
  },
  // So that tests can run with the settings of production, and another backend.
  memory: { settings: 'any', create: () => new MemoryBackend() },
}

export function backendFromEnvironment({
  env = process.env,
  prefix = 'DEPOT_',
  backends = {},
}: EnvironmentOptions): StorageBackend {
  const kinds = { ...BUILT_IN, ...backends }
  const { BACKEND: kind = 'local', ...settings } = settingsOf(env, prefix)
  const backend = Object.hasOwn(kinds, kind) ? kinds[kind] : undefined
  if (!backend) throw expected(`${prefix}BACKEND`, `one of ${Object.keys(kinds).join(', ')}`, kind)

  const known = backend.settings
  const unknown = known === 'any' ? [] : Object.keys(settings).filter((name) => !known.includes(name))
  if (known !== 'any' && unknown.length > 0) {
    const supported = known.map((name) => prefix + name).join(', ') || 'none'
    throw new FiledepotError(
      'INVALID_ARGUMENT',
      `Expected the settings of the ${kind} backend to be among ${supported}, got ${unknown.map((name) => prefix + name).join(', ')}`,
    )
  }
  return backend.create(settings)
}

function settingsOf(
  env: Readonly<Record<string, string | undefined>>,
  prefix: string,
): Record<string, string> {
  const settings: Record<string, string> = {}
  for (const [name, value] of Object.entries(env)) {
    if (value !== undefined && value !== '' && name.startsWith(prefix))
      settings[name.slice(prefix.length)] = value
  }
  return settings
}

function isOn(value: string | undefined): boolean {
  return value !== undefined && /^(1|true|yes|on)$/i.test(value)
}
