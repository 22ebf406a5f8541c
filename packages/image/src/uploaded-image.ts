import {
  FiledepotError,
  spool,
  UploadedFile,
  type FileContent,
  type ProcessedFile,
  type ProcessOptions,
  type StoreFile,
  type UploadedFileData,
} from '@filedepot/core'
import { expected } from '@filedepot/core/backend'
import type { PendingUpload } from '@filedepot/core/integration'
import { checkImageOptions, type ImageOptions } from './image-options.ts'
import { storeImage } from './store-image.ts'
import { numberIn, thumbnailsOf, type Thumbnail } from './thumbnail.ts'

/** What {@link UploadedImage.with} makes: an upload type whose values have these thumbnails. */
export interface ImageType<Name extends string> extends Pick<
  typeof UploadedImage,
  'from' | 'fromJSON' | 'with' | 'options'
> {
  new (value: PendingUpload | UploadedFileData): UploadedImage<Name> & Readonly<Record<Name, Thumbnail>>
}

type NamesOf<Options extends ImageOptions> = string & keyof NonNullable<Options['thumbnails']>

/**
 * An image, and the thumbnails that are made of it as it arrives. It is stored byte for byte, unless it is larger than
 * `maxSide`. If anything fails, nothing of it is stored.
 *
 * ```ts
 * import { depot } from '@filedepot/core'
 * import { UploadedImage } from '@filedepot/image'
 *
 * class Photo extends UploadedImage.with({
 *   maxSide: 2048,
 *   thumbnails: {
 *     thumb: { width: 128, height: 128, fit: 'cover' },
 *     large: { width: 1024, format: 'jpeg', quality: 85 },
 *   },
 * }) {}
 *
 * async function show(bytes: Buffer) {
 *   const photo = await depot.upload(Photo.from(bytes, { filename: 'me.jpg' }))
 *   console.log(photo.width, photo.height, photo.url, photo.thumb.url)
 *   return await photo.thumbnails.large.open()
 * }
 * ```
 */
export class UploadedImage<Name extends string = string> extends UploadedFile {
  /** What {@link UploadedImage.with} was given. */
  static get options(): ImageOptions {
    return {}
  }

  /**
   * An upload type with these options, beside those of the type that it is made from. Give it a name by extending it.
   *
   * @throws FiledepotError `INVALID_ARGUMENT` for options that are invalid, and for a thumbnail whose name is taken, as `url`
   */
  static with<const Options extends ImageOptions>(options: Options): ImageType<NamesOf<Options>> {
    const merged: ImageOptions = Object.freeze({ ...this.options, ...options })
    checkImageOptions(merged)
    class Type extends this {
      static override get options(): ImageOptions {
        return merged
      }
    }
    Object.defineProperty(Type, 'name', { value: this.name })
    for (const name of Object.keys(options.thumbnails ?? {})) defineThumbnail(Type.prototype, name)
    return Type as unknown as ImageType<NamesOf<Options>>
  }

  /** As it is seen, in pixels: EXIF may say that it is turned. `undefined` only in values that Python's DEPOT wrote. */
  get width(): number | undefined {
    return numberIn(this.metadata, 'width')
  }

  /** As it is seen, in pixels. `undefined` only in values that Python's DEPOT wrote. */
  get height(): number | undefined {
    return numberIn(this.metadata, 'height')
  }

  /** A tiny image as a `data:` URL, with the option `placeholder`. */
  get placeholder(): string | undefined {
    const { placeholder } = this.metadata
    return typeof placeholder === 'string' ? placeholder : undefined
  }

  /**
   * The thumbnails by their names. Reading one that the type has, but that was not made when the image was stored, throws
   * `FILE_NOT_FOUND`.
   *
   * @throws FiledepotError `PENDING_FILE`
   */
  get thumbnails(): Readonly<Record<Name, Thumbnail>> {
    const thumbnails = { ...thumbnailsOf(this) }
    for (const name of Object.keys((this.constructor as typeof UploadedImage).options.thumbnails ?? {})) {
      if (!(name in thumbnails)) defineMissing(thumbnails, name, this.path)
    }
    return thumbnails as Readonly<Record<Name, Thumbnail>>
  }

  /** @throws FiledepotError `NOT_AN_IMAGE`, `UNSUPPORTED_FORMAT`, `TOO_MANY_PIXELS`, and what storing throws */
  override async process(
    content: FileContent,
    store: StoreFile,
    rules: ProcessOptions,
  ): Promise<ProcessedFile> {
    const { options } = this.constructor as typeof UploadedImage
    checkImageOptions(options)
    const file = await spool(content, rules)
    try {
      return await storeImage(file, options, store, rules.signal)
    } finally {
      await file[Symbol.asyncDispose]()
    }
  }
}

function defineThumbnail(prototype: UploadedImage, name: string): void {
  // A pending value has the names of all fields.
  if (name in prototype || name in UploadedImage.from(new Uint8Array())) {
    throw expected('the name of a thumbnail', 'a name that is not a field of an uploaded file', name)
  }
  Object.defineProperty(prototype, name, {
    get(this: UploadedImage) {
      return this.thumbnails[name]
    },
    configurable: true,
  })
}

function defineMissing(thumbnails: object, name: string, path: string): void {
  Object.defineProperty(thumbnails, name, {
    get() {
      throw new FiledepotError(
        'FILE_NOT_FOUND',
        `"${path}" has no thumbnail "${name}": it was stored before the type had one of this name. Store the image again`,
      )
    },
  })
}
