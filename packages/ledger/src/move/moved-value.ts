/** The present place of a file of a value. */
export interface MovedFile {
  /** `storage/id`, as the value has it. */
  readonly from: string
  /** `storage/id` */
  readonly to: string
}

/** What a part of JSON is called in the value by now. */
type Names = ReadonlyMap<string, string>
type Json = Readonly<Record<string, unknown>>

/**
 * The text of a value, or of an array of values, with other paths for some of its files. All that names a file by its path or
 * its id, such as a thumbnail in the metadata, follows. Everything else stays.
 */
export function movedText(text: string, moved: readonly MovedFile[]): string {
  const json: unknown = JSON.parse(text)
  const names = new Map(
    moved.flatMap(({ from, to }) => [
      [from, to] as const,
      ...(idOf(from) === idOf(to) ? [] : [[idOf(from), idOf(to)] as const]),
    ]),
  )
  return JSON.stringify(Array.isArray(json) ? json.map((one) => movedOne(one, names)) : movedOne(json, names))
}

function movedOne(one: unknown, names: Names): unknown {
  if (typeof one !== 'object' || one === null) return one
  const json = one as Json
  return 'depot_name' in json ? movedPython(json, names) : movedOwn(json, names)
}

function movedOwn(json: Json, names: Names): Json {
  const { storage, id, files, metadata } = json
  const to = names.get(`${String(storage)}/${String(id)}`)
  return {
    ...json,
    ...(to !== undefined && { storage: storageOf(to), id: idOf(to) }),
    ...(files !== undefined && { files: renamed(files, names) }),
    ...(metadata !== undefined && { metadata: renamed(metadata, names) }),
  }
}

/** Python's DEPOT keeps what filters have made beside its own fields, and public URLs, which it can do without. */
function movedPython(json: Json, names: Names): Json {
  const { depot_name, file_id, path, filename, content_type } = json
  const to = names.get(typeof path === 'string' ? path : `${String(depot_name)}/${String(file_id)}`)
  const others = Object.entries(json).map(([key, value]) => [
    key,
    to !== undefined && key.endsWith('_public_url') ? null : renamed(value, names),
  ])
  return {
    ...(Object.fromEntries(others) as Json),
    ...(filename !== undefined && { filename }),
    ...(content_type !== undefined && { content_type }),
    ...(to !== undefined && { depot_name: storageOf(to) }),
  }
}

function renamed(json: unknown, names: Names): unknown {
  if (typeof json === 'string') return names.get(json) ?? json
  if (typeof json !== 'object' || json === null) return json
  if (Array.isArray(json)) return json.map((inner) => renamed(inner, names))
  return Object.fromEntries(Object.entries(json).map(([key, inner]) => [key, renamed(inner, names)]))
}

function storageOf(path: string): string {
  return path.slice(0, path.indexOf('/'))
}

function idOf(path: string): string {
  return path.slice(path.indexOf('/') + 1)
}
