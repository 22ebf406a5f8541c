import { FileIntent, spool, type FileFilter, type FilteredFile } from '@filedepot/core'
import { expected } from '@filedepot/core/backend'
import type { OutputFormat } from './image-format.ts'
import { checkReadOptions, checkThumbnail, type ReadOptions, type ThumbnailOptions } from './image-options.ts'
import { openImage } from './open-image.ts'
import { storeThumbnails } from './store-image.ts'
import type { ThumbnailJson } from './thumbnail.ts'

/** Options of {@link ThumbnailFilter}. */
export interface ThumbnailFilterOptions
  extends ReadOptions, Omit<ThumbnailOptions, 'width' | 'height' | 'format'> {
  /** True: an animated GIF or WebP keeps its frames, if the thumbnail is GIF or WebP. @default false */
  animated?: boolean | undefined
  /** True: EXIF, XMP, IPTC and the colour profile go along. @default false */
  keepMetadata?: boolean | undefined
}

/**
 * A filter that adds a thumbnail, named as in Python's DEPOT: `thumb_128x128`. Read it by {@link thumbnailsOf}. A column
 * can have several, each of which decodes the image; {@link UploadedImage} decodes it once for all.
 *
 * ```ts
 * import { depot, UploadedFile } from '@filedepot/core'
 * import { ThumbnailFilter, thumbnailsOf } from '@filedepot/image'
 *
 * async function upload(bytes: Buffer) {
 *   const filters = [new ThumbnailFilter(), new ThumbnailFilter([12, 12], 'jpeg')]
 *   const file = await depot.upload(UploadedFile.from(bytes), { filters })
 *   return thumbnailsOf(file)['thumb_12x12']?.url
 * }
 * ```
 *
 * @throws FiledepotError `INVALID_ARGUMENT`
 */
export class ThumbnailFilter implements FileFilter {
  /** `thumb_128x128` */
  readonly name: string
  readonly #thumbnail: ThumbnailOptions
  readonly #options: Omit<ThumbnailFilterOptions, keyof ThumbnailOptions>

  constructor(
    size: readonly [width: number, height: number] = [128, 128],
    format: OutputFormat = 'png',
    { fit, quality, effort, background, ...options }: ThumbnailFilterOptions = {},
  ) {
    const [width, height] = size
    this.name = `thumb_${width}x${height}`
    this.#thumbnail = { width, height, format, fit, quality, effort, background }
    this.#options = options
    checkThumbnail(this.name, this.#thumbnail)
    checkReadOptions(options)
  }

  /** @throws FiledepotError `NOT_AN_IMAGE`, `UNSUPPORTED_FORMAT`, `TOO_MANY_PIXELS`, and what storing throws */
  async onSave({ file, metadata, open, store, signal }: FilteredFile): Promise<void> {
    const existing = (metadata.thumbnails ?? {}) as Record<string, ThumbnailJson>
    if (this.name in existing) throw expected('the filters', 'of different sizes', this.name)
    const { filename, contentType } = file
    const spooled = await spool(new FileIntent(await open(), { filename, contentType }), { signal })
    try {
      const { keepMetadata } = this.#options
      const image = await openImage(spooled, this.#options)
      const made = await storeThumbnails(image, { [this.name]: this.#thumbnail }, store, {
        keepMetadata,
        signal,
      })
      metadata.thumbnails = { ...existing, ...made }
    } finally {
      await spooled[Symbol.asyncDispose]()
    }
  }
}
