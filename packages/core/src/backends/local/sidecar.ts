import type { FileInfo, FileStat } from '../../backend.ts'
import { FiledepotError } from '../../errors.ts'
import { isoDate } from '../../iso-date.ts'

/** What stands in the JSON file beside the bytes of a file. There is no file without it. */
export interface Sidecar extends FileStat {
  /** The name of the file with the bytes, in the same folder. */
  readonly content: string
}

export function makeSidecar(content: string, info: FileInfo, size: number): Sidecar {
  const { filename, contentType, sha256, metadata, lastModified = new Date() } = info
  return {
    content,
    filename,
    contentType,
    size,
    sha256,
    lastModified,
    etag: etagOf(sha256, content),
    metadata,
  }
}

export function formatSidecar({
  content,
  filename,
  contentType,
  size,
  sha256,
  lastModified,
  metadata,
}: Sidecar): string {
  return JSON.stringify({
    filename,
    contentType,
    size,
    sha256,
    // Left to JSON.stringify, a date takes as long as all the rest.
    lastModified: isoDate(lastModified),
    content,
    metadata: Object.keys(metadata).length > 0 ? metadata : undefined,
  })
}

/** @throws FiledepotError `CORRUPT_FILE` */
export function parseSidecar(text: string, path: string): Sidecar {
  try {
    const json = JSON.parse(text) as Record<string, unknown>
    const { filename, contentType, size, sha256, content, metadata = {} } = json
    const lastModified = new Date(String(json.lastModified))
    const whole =
      typeof filename === 'string' &&
      typeof contentType === 'string' &&
      typeof size === 'number' &&
      typeof content === 'string' &&
      /^[\w-]+\.\w+$/.test(content) &&
      (sha256 === undefined || typeof sha256 === 'string') &&
      typeof metadata === 'object' &&
      metadata !== null &&
      !Number.isNaN(lastModified.getTime())
    if (!whole) throw new TypeError('a field is missing or has the wrong type')
    const etag = etagOf(sha256, content)
    return {
      content,
      filename,
      contentType,
      size,
      sha256,
      lastModified,
      etag,
      metadata: Object.freeze(metadata as Record<string, string>),
    }
  } catch (cause) {
    throw new FiledepotError('CORRUPT_FILE', `the metadata file "${path}" cannot be read`, { cause })
  }
}

/** The name of the bytes changes with each write, so it is as good as a hash where there is none. */
function etagOf(sha256: string | undefined, content: string): string {
  return sha256 ?? content
}
