import type { JsonValue, ProcessedFile, SpooledFile, StoredRecord, StoreFile } from '@filedepot/core'
import { extname } from 'node:path'
import { deriveImages, type DeriveOptions, type Recipe } from './derive-images.ts'
import { fitImage } from './geometry.ts'
import { FORMATS, OUTPUT_FORMATS, type OutputFormat } from './image-format.ts'
import type { ImageOptions, ThumbnailOptions } from './image-options.ts'
import { openImage, type OpenedImage } from './open-image.ts'
import { StoreGroup } from './store-group.ts'
import { thumbnailFilename, thumbnailJson, type ThumbnailJson } from './thumbnail.ts'

/** Stores an image and what is derived from it. The original is uploaded while it is decoded. */
export async function storeImage(
  file: SpooledFile,
  options: ImageOptions,
  store: StoreFile,
  signal: AbortSignal | undefined,
): Promise<ProcessedFile> {
  const image = await openImage(file, options)
  const group = new StoreGroup(store, signal)
  return await group.run(async () => {
    const smaller = smallerImage(image, options)
    const { width, height } = smaller?.geometry.frame ?? image
    const metadata: Record<string, JsonValue> = { width, height }

    const thumbnails = new Thumbnails(image, group)
    const recipes = thumbnails.recipes(options.thumbnails ?? {})
    if (options.placeholder) recipes.push(placeholder(image, metadata))
    const main = smaller
      ? new Promise<StoredRecord>((resolve) => {
          const use = (bytes: Buffer) => {
            resolve(group.add(...asFile(bytes, file, smaller.format)))
          }
          recipes.push({ ...smaller, use })
        })
      : group.add(file)
    main.catch(() => undefined)
    await deriveImages(image, recipes, { ...options, signal: group.signal })

    const stored = await thumbnails.stored()
    if (Object.keys(stored).length > 0) metadata.thumbnails = stored
    return { file: await main, metadata }
  })
}

/** Stores thumbnails only, of a file that is stored already. */
export async function storeThumbnails(
  image: OpenedImage,
  wanted: Readonly<Record<string, ThumbnailOptions>>,
  store: StoreFile,
  { signal, ...options }: Omit<DeriveOptions, 'signal'> & { signal: AbortSignal | undefined },
): Promise<Record<string, ThumbnailJson>> {
  const group = new StoreGroup(store, signal)
  return await group.run(async () => {
    const thumbnails = new Thumbnails(image, group)
    await deriveImages(image, thumbnails.recipes(wanted), { ...options, signal: group.signal })
    return await thumbnails.stored()
  })
}

/** The thumbnails of one image, which are stored as they come. */
class Thumbnails {
  readonly #image: OpenedImage
  readonly #group: StoreGroup
  readonly #storing: Promise<[name: string, json: ThumbnailJson]>[] = []

  constructor(image: OpenedImage, group: StoreGroup) {
    this.#image = image
    this.#group = group
  }

  recipes(thumbnails: Readonly<Record<string, ThumbnailOptions>>): Recipe[] {
    return Object.entries(thumbnails).map(([name, options]) => {
      const { format = 'webp', ...rest } = options
      const geometry = fitImage(this.#image, options)
      const { contentType } = FORMATS[format]
      const use = (bytes: Buffer) => {
        const storing = this.#group.add(bytes, {
          filename: thumbnailFilename(name, contentType),
          contentType,
        })
        const named = storing.then((record): [string, ThumbnailJson] => [
          name,
          thumbnailJson(record, geometry.canvas),
        ])
        named.catch(() => undefined)
        this.#storing.push(named)
      }
      return { ...rest, format, geometry, use }
    })
  }

  /** What the row remembers of them, when all are stored. */
  async stored(): Promise<Record<string, ThumbnailJson>> {
    return Object.fromEntries(await Promise.all(this.#storing))
  }
}

/** What is stored instead of an image that is larger than `maxSide`. A drawing has no size of its own. */
function smallerImage(image: OpenedImage, options: ImageOptions): Omit<Recipe, 'use'> | undefined {
  const { maxSide = Infinity, quality, effort, background } = options
  if (Math.max(image.width, image.height) <= maxSide || image.format === 'svg' || image.format === 'pdf') {
    return undefined
  }
  const kept = OUTPUT_FORMATS.find((format) => format === image.format)
  const geometry = fitImage(image, { width: maxSide, height: maxSide })
  return { geometry, format: options.format ?? kept ?? 'jpeg', quality, effort, background }
}

function asFile(bytes: Buffer, file: SpooledFile, format: OutputFormat): Parameters<StoreGroup['add']> {
  const { contentType, extension } = FORMATS[format]
  const { filename, declaredType } = file
  // A name that says something else would be wrong now.
  const converted = contentType !== file.contentType
  const renamed = converted
    ? `${filename.slice(0, filename.length - extname(filename).length)}${extension}`
    : filename
  return [{ filename: renamed, mimetype: declaredType, file: bytes }, { contentType }]
}

/** Pixels of the longer side of a placeholder. */
const PLACEHOLDER_SIZE = 16

function placeholder(image: OpenedImage, metadata: Record<string, JsonValue>): Recipe {
  const geometry = fitImage(image, { width: PLACEHOLDER_SIZE, height: PLACEHOLDER_SIZE })
  const use = (bytes: Buffer) => {
    metadata.placeholder = `data:image/webp;base64,${bytes.toString('base64')}`
  }
  return { geometry, format: 'webp', quality: 40, use }
}
