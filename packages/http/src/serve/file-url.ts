/** What the URL of a request says of a file. */
export interface FileUrl {
  /** The name of a storage or an alias, as it stands there. */
  readonly storage: string
  /** As it stands there; it may be anything. */
  readonly id: string
  /** Without its question mark. */
  readonly query: string
}

/** `undefined` where the URL is not under the mount path, `'none'` where it is and names no file. */
export function parseFileUrl(mountPath: string, url: string): FileUrl | 'none' | undefined {
  const parts = splitUrl(url)
  if (!parts?.path.startsWith(mountPath)) return undefined
  const { path, query } = parts
  const rest = path.slice(mountPath.length)
  if (rest !== '' && !rest.startsWith('/')) return undefined
  const [storage, id, more] = rest.slice(1).split('/', 3)
  if (!storage || !id || more !== undefined) return 'none'
  try {
    return { storage: decode(storage), id: decode(id), query }
  } catch {
    return 'none'
  }
}

function decode(segment: string): string {
  return segment.includes('%') ? decodeURIComponent(segment) : segment
}

/**
 * The path as it stands in the request: `..` is not resolved, so it names no storage. `undefined` for what is no URL, as the
 * `*` of `OPTIONS *`.
 */
function splitUrl(url: string): { path: string; query: string } | undefined {
  if (!url.startsWith('/')) {
    if (!URL.canParse(url)) return undefined
    const { pathname, search } = new URL(url)
    return { path: pathname, query: search.slice(1) }
  }
  const mark = url.indexOf('?')
  return mark < 0 ? { path: url, query: '' } : { path: url.slice(0, mark), query: url.slice(mark + 1) }
}
