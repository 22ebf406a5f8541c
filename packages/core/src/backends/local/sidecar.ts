import type { FileInfo, FileStat } from '../../backend.ts'
import { FiledepotError } from '../../errors.ts'
import { isoDate } from '../../iso-date.ts'

/** What stands in the JSON file beside the bytes of a file. There is no file without it. */
export interface Sidecar extends FileStat {
  /** The name of the file with the bytes, in the same folder. */
  readonly content: string
}

/** The text of the sidecar of a file of this size that is stored now. */
export function formatSidecar(
  content: string,
  { filename, contentType, sha256, lastModified = new Date(), metadata }: FileInfo,
  size: number,
): string {
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
    return {
      content,
      filename,
      contentType,
      size,
      sha256,
      lastModified,
      // The name of the bytes changes with each write, so it is as good as a hash where there is none.
      etag: sha256 ?? content,
      metadata: Object.freeze(metadata as Record<string, string>),
    }
  } catch (cause) {
    throw new FiledepotError(
      'CORRUPT_FILE',
      `Cannot read the metadata file "${path}". Restore it from a backup, or delete the file`,
      { cause },
    )
  }
}
