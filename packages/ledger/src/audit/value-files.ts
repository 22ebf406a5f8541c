/** A file that a value refers to. */
export interface ValueFile {
  readonly path: string
  /** In bytes, if the value says it. */
  readonly size?: number | undefined
  /** Lower-case hex, if the value says it. */
  readonly sha256?: string | undefined
}

/**
 * The files of what a column holds: text, JSON or uploaded files, of filedepot or of Python's DEPOT. `undefined` if it holds
 * anything that is neither a file nor nothing, so that its files are not known.
 */
export function filesOf(value: unknown): ValueFile[] | undefined {
  try {
    const json: unknown = typeof value === 'string' && value !== '' ? JSON.parse(value) : value
    if (json === null || json === undefined || json === '') return []
    const files = new Map<string, ValueFile>()
    for (const one of (Array.isArray(json) ? json : [json]) as unknown[]) {
      if (one === null) continue
      for (const file of filesOfOne(one)) files.set(file.path, file)
    }
    return [...files.values()]
  } catch {
    return undefined
  }
}

function filesOfOne(one: unknown): ValueFile[] {
  if (typeof one !== 'object' || one === null) throw new TypeError('it is no object')
  const { storage, id, size, sha256, files, depot_name, file_id, path } = one as Record<string, unknown>
  const own =
    depot_name === undefined
      ? pathOf(storage, id)
      : typeof path === 'string'
        ? path
        : pathOf(depot_name, file_id)
  const others = Array.isArray(files) ? (files as unknown[]).filter((file) => typeof file === 'string') : []
  if (own === undefined && others.length === 0) throw new TypeError('it names no file')
  const known = {
    size: typeof size === 'number' ? size : undefined,
    sha256: typeof sha256 === 'string' ? sha256 : undefined,
  }
  return [
    ...(own === undefined ? [] : [{ path: own, ...known }]),
    ...others.filter((file) => file !== own).map((file) => ({ path: file })),
  ]
}

function pathOf(storage: unknown, id: unknown): string | undefined {
  return typeof storage === 'string' && typeof id === 'string' ? `${storage}/${id}` : undefined
}
