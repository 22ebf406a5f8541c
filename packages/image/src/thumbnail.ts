import { UploadedFile, type StoredRecord } from '@filedepot/core'
import { bindManager, boundManager, formatFilePath } from '@filedepot/core/integration'
import { FORMATS } from './image-format.ts'
import type { Size } from './geometry.ts'

/**
 * A thumbnail: a file of its own, that lives and dies with the value that it was made for. It has a `url`, can be opened
 * and read, and knows its size.
 */
export class Thumbnail extends UploadedFile {
  /** In pixels. `undefined` only in values that Python's DEPOT wrote. */
  get width(): number | undefined {
    return numberIn(this.metadata, 'width')
  }

  /** In pixels. `undefined` only in values that Python's DEPOT wrote. */
  get height(): number | undefined {
    return numberIn(this.metadata, 'height')
  }
}

export function numberIn(metadata: UploadedFile['metadata'], key: string): number | undefined {
  const value = metadata[key]
  return typeof value === 'number' ? value : undefined
}

/**
 * The thumbnails of a value by their names, whether its type or a {@link ThumbnailFilter} has made them. A value that
 * Python's DEPOT wrote has them, too.
 *
 * ```ts
 * import type { UploadedFile } from '@filedepot/core'
 * import { thumbnailsOf } from '@filedepot/image'
 *
 * function preview(file: UploadedFile): string | undefined {
 *   return thumbnailsOf(file)['thumb_128x128']?.url
 * }
 * ```
 *
 * @throws FiledepotError `PENDING_FILE`
 */
export function thumbnailsOf(file: UploadedFile): Readonly<Record<string, Thumbnail>> {
  const { thumbnails = {} } = file.metadata
  const own = Object.entries(thumbnails as Record<string, ThumbnailJson>)
  return Object.fromEntries(
    [...own, ...pythonThumbnails(file)].map(([name, json]) => [name, thumbnailFrom(file, name, json)]),
  )
}

/** What a row remembers of a thumbnail. It is in the storage of its value. */
// Not an interface, which would be no JsonValue.
// eslint-disable-next-line @typescript-eslint/consistent-type-definitions
export type ThumbnailJson = {
  readonly id: string
  readonly contentType: string
  readonly size?: number
  readonly sha256?: string
  readonly width?: number
  readonly height?: number
}

export function thumbnailJson(
  { id, contentType, size, sha256 }: StoredRecord,
  { width, height }: Size,
): ThumbnailJson {
  return { id, contentType, size, sha256, width, height }
}

/** `thumb.png`. */
export function thumbnailFilename(name: string, contentType: string): string {
  const facts = Object.values(FORMATS).find((format) => format.contentType === contentType)
  return `${name}${facts?.extension ?? ''}`
}

function thumbnailFrom(file: UploadedFile, name: string, json: ThumbnailJson): Thumbnail {
  const { storage, uploadedAt } = file
  const { id, contentType, size, sha256, width, height } = json
  const filename = thumbnailFilename(name, contentType)
  const thumbnail = new Thumbnail({
    ...{ storage, id, filename, contentType, declaredType: undefined, size, sha256, uploadedAt },
    files: [formatFilePath({ storage, id })],
    metadata: width === undefined || height === undefined ? {} : { width, height },
  })
  const manager = boundManager(file)
  if (manager) bindManager(thumbnail, manager)
  return thumbnail
}

/** DEPOT writes `thumb_id` and `thumb_path`, and nothing of the type. */
function pythonThumbnails({ metadata }: UploadedFile): [name: string, json: ThumbnailJson][] {
  return Object.entries(metadata).flatMap(([key, id]) => {
    const name = key.endsWith('_id') ? key.slice(0, -'_id'.length) : ''
    return typeof id === 'string' && typeof metadata[`${name}_path`] === 'string'
      ? [[name, { id, contentType: 'application/octet-stream' }]]
      : []
  })
}
