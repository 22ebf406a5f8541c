import type { Bucket } from './buckets.ts'
import type { ObjectMetadata } from './stored-object.ts'

const MOST = 1000

/** A page of a list, as the JSON API has it. */
export interface ObjectPage {
  kind: 'storage#objects'
  items?: ObjectMetadata[]
  prefixes?: string[]
  nextPageToken?: string
}

/** One page of the objects with a prefix, from a name on, those below the delimiter gathered into prefixes. */
export function listObjects(bucket: Bucket, params: URLSearchParams): ObjectPage {
  const prefix = params.get('prefix') ?? ''
  const delimiter = params.get('delimiter') ?? ''
  const first = params.get('startOffset') ?? ''
  const most = Math.min(Number(params.get('maxResults') ?? MOST), MOST)
  const after = Buffer.from(params.get('pageToken') ?? '', 'base64').toString()

  const items: ObjectMetadata[] = []
  const prefixes = new Set<string>()
  let last = ''
  for (const name of bucket.names()) {
    if (!name.startsWith(prefix) || name < first) continue
    const end = delimiter === '' ? -1 : name.indexOf(delimiter, prefix.length)
    const entry = end < 0 ? name : name.slice(0, end + delimiter.length)
    if (entry <= after || prefixes.has(entry)) continue
    if (items.length + prefixes.size === most) {
      return { ...page(items, prefixes), nextPageToken: Buffer.from(last).toString('base64') }
    }
    if (end < 0) items.push(bucket.get(name).metadata)
    else prefixes.add(entry)
    last = entry
  }
  return page(items, prefixes)
}

function page(items: ObjectMetadata[], prefixes: Set<string>): ObjectPage {
  return {
    kind: 'storage#objects',
    ...(items.length > 0 && { items }),
    ...(prefixes.size > 0 && { prefixes: [...prefixes] }),
  }
}
