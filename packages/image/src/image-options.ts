import { expected } from '@filedepot/core/backend'
import { FORMATS, OUTPUT_FORMATS, type ImageFormat, type OutputFormat } from './image-format.ts'

/** What may be read, and how carefully. */
export interface ReadOptions {
  /** Formats that are accepted. @default all but `svg` and `pdf` */
  formats?: readonly ImageFormat[] | undefined
  /** The most pixels of an image: width × height, × frames where they are kept. @default 100_000_000 */
  limitInputPixels?: number | undefined
  /**
   * The most pixels of each side. An image of 1 × 16,000,000 pixels is small, and costs seconds of work.
   * @default 65_535, the most that a JPEG can have
   */
  limitInputSide?: number | undefined
  /**
   * How long decoding, and writing each derived image, may take, in seconds from 1 to 3600. Waiting for a turn does not
   * count. The encoder of AVIF cannot be stopped: only what it encodes is limited, by the sizes that you ask for. @default 60
   */
  timeout?: number | undefined
  /**
   * Which damage refuses an image, as in sharp. `none` uses what can be decoded, as browsers do: an image that was cut off is shown in
   * part. `truncated` refuses those, `error` what is broken, `warning` whatever the decoder remarks on, such as an odd tag.
   * @default 'none'
   */
  failOn?: 'none' | 'truncated' | 'error' | 'warning' | undefined
}

/** How a derived image is written. */
export interface WriteOptions {
  /** From 1 to 100; of JPEG, WebP and AVIF. @default that of sharp: 80, for AVIF 50 */
  quality?: number | undefined
  /**
   * How long the encoder of AVIF looks for a smaller file, from 0 to 9; other formats take no notice. Each step costs more: 4, which is
   * the default of sharp, takes six times as long as 2, for a file of the same size within 1 %. @default 2
   */
  effort?: number | undefined
  /** What shows through where the format has no transparency, in any way that CSS writes a colour. @default 'white' */
  background?: string | undefined
}

/** One thumbnail. Nothing is ever enlarged. */
export interface ThumbnailOptions extends WriteOptions {
  /** In pixels. One of `width` and `height` is enough. */
  width?: number | undefined
  /** In pixels. */
  height?: number | undefined
  /**
   * `inside`: the whole image, fitted into the box. `cover`: cut to the proportions of the box, from the middle.
   * `contain`: the whole image in the middle of a canvas of exactly this size, which is transparent where the format can
   * be and nothing is said of the `background`. @default 'inside'
   */
  fit?: 'inside' | 'cover' | 'contain' | undefined
  /** @default 'webp' */
  format?: OutputFormat | undefined
}

/** Options of {@link UploadedImage.with}. */
export interface ImageOptions extends ReadOptions, WriteOptions {
  /** The longer side of what is stored, in pixels. Only an image that is larger is changed. @default Infinity */
  maxSide?: number | undefined
  /** What an image becomes that is larger than `maxSide`. @default its own format; JPEG for HEIC */
  format?: OutputFormat | undefined
  /** By name: `thumb` can be read as `photo.thumb`. */
  thumbnails?: Readonly<Record<string, ThumbnailOptions>> | undefined
  /** True: GIF and WebP keep their frames, in what is written as GIF and WebP. False: the first frame. @default false */
  animated?: boolean | undefined
  /**
   * True: EXIF, XMP, IPTC and the colour profile go along into derived images. Each of them is then decoded for itself.
   * @default false
   */
  keepMetadata?: boolean | undefined
  /** True: a tiny image as a `data:` URL is kept in the row, to be shown while the real one loads. @default false */
  placeholder?: boolean | undefined
}

export const DEFAULT_PIXELS = 100_000_000
export const DEFAULT_SIDE = 65_535
export const DEFAULT_TIMEOUT_S = 60
/** Of AVIF. */
export const DEFAULT_EFFORT = 2
const LONGEST_TIMEOUT_S = 3600
const MOST_EFFORT = 9

const READ = ['formats', 'limitInputPixels', 'limitInputSide', 'timeout', 'failOn']
const WRITE = ['quality', 'effort', 'background', 'format']
const THUMBNAIL = ['width', 'height', 'fit', ...WRITE]
const IMAGE = ['maxSide', 'thumbnails', 'animated', 'keepMetadata', 'placeholder', ...READ, ...WRITE]

/** @throws FiledepotError `INVALID_ARGUMENT` */
export function checkImageOptions(options: ImageOptions): void {
  checkKeys('options', options, IMAGE)
  checkReadOptions(options)
  checkWriteOptions('', options)
  checkWhole('maxSide', options.maxSide)
  for (const name of ['animated', 'keepMetadata', 'placeholder'] as const) {
    checkOneOf(name, options[name], [true, false])
  }
  for (const [name, thumbnail] of Object.entries(options.thumbnails ?? {})) checkThumbnail(name, thumbnail)
}

/** @throws FiledepotError `INVALID_ARGUMENT` */
export function checkReadOptions(options: ReadOptions): void {
  const { formats, limitInputPixels, limitInputSide, timeout, failOn } = options
  if (formats !== undefined && !Array.isArray(formats))
    throw expected('formats', 'a list of formats', formats)
  for (const format of formats ?? []) checkOneOf('formats', format, Object.keys(FORMATS))
  checkWhole('limitInputPixels', limitInputPixels)
  checkWhole('limitInputSide', limitInputSide)
  checkWhole('timeout', timeout, LONGEST_TIMEOUT_S)
  checkOneOf('failOn', failOn, ['none', 'truncated', 'error', 'warning'])
}

/** @throws FiledepotError `INVALID_ARGUMENT` */
export function checkThumbnail(name: string, options: ThumbnailOptions): void {
  checkKeys(name, options, THUMBNAIL)
  const { width, height, fit } = options
  checkWriteOptions(`${name}.`, options)
  checkWhole(`${name}.width`, width)
  checkWhole(`${name}.height`, height)
  checkOneOf(`${name}.fit`, fit, ['inside', 'cover', 'contain'])
  if (width === undefined && height === undefined) throw expected(`${name}.width`, 'given, or height', width)
  if (fit !== undefined && fit !== 'inside' && (width === undefined || height === undefined)) {
    throw expected(name, `given both width and height, for the fit "${fit}"`, width ?? height)
  }
}

function checkWriteOptions(prefix: string, options: WriteOptions & { format?: unknown }): void {
  const { quality, effort, background, format } = options
  checkWhole(`${prefix}quality`, quality, 100)
  checkWhole(`${prefix}effort`, effort, MOST_EFFORT, 0)
  checkOneOf(`${prefix}format`, format, OUTPUT_FORMATS)
  if (background !== undefined && typeof background !== 'string') {
    throw expected(`${prefix}background`, 'a colour as CSS writes it', background)
  }
}

function checkWhole(name: string, value: unknown, most = Infinity, least = 1): void {
  if (value === undefined || (value === Infinity && most === Infinity)) return
  if (Number.isSafeInteger(value) && (value as number) >= least && (value as number) <= most) return
  const bounds = most === Infinity ? `from ${least} up` : `from ${least} to ${most}`
  throw expected(name, `a whole number ${bounds}`, value)
}

function checkOneOf(name: string, value: unknown, values: readonly unknown[]): void {
  if (value === undefined || values.includes(value)) return
  throw expected(name, `one of ${values.join(', ')}`, value)
}

/** An unknown name is a typing error, and would be ignored without this check. */
function checkKeys(name: string, options: object, keys: readonly string[]): void {
  if (typeof options !== 'object' || (options as unknown) === null) throw expected(name, 'an object', options)
  for (const key of Object.keys(options)) {
    if (!keys.includes(key)) throw expected(`each of the ${name}`, `one of ${keys.join(', ')}`, key)
  }
}
