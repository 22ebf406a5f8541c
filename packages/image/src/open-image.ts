import type { SpooledFile } from '@filedepot/core'
import type { Metadata, SharpOptions } from 'sharp'
import { imageError, reasonOf } from './image-error.ts'
import {
  ANIMATED_FORMATS,
  DEFAULT_FORMATS,
  FORMATS,
  HEAD_BYTES,
  looksLikeSvg,
  sniffFormat,
  type ImageFormat,
} from './image-format.ts'
import { DEFAULT_PIXELS, DEFAULT_SIDE, DEFAULT_TIMEOUT_S, type ReadOptions } from './image-options.ts'
import { loadSharp } from './load-sharp.ts'

/** An image whose header has been read. */
export interface OpenedImage {
  readonly filename: string
  readonly format: ImageFormat
  /** As it is seen, in pixels: what EXIF says of its orientation is applied. */
  readonly width: number
  readonly height: number
  /** How long each frame is shown and how often all are; `undefined` where only one is read. */
  readonly animation: { delay?: number[]; loop?: number } | undefined
  /** What sharp needs to read it. */
  readonly input: Uint8Array | string
  readonly options: SharpOptions
  /** How long each step may take, in seconds. */
  readonly timeout: number
}

/**
 * Reads the header of an image, and refuses what cannot be used.
 *
 * @throws FiledepotError `NOT_AN_IMAGE`, `UNSUPPORTED_FORMAT`, `TOO_MANY_PIXELS`
 */
export async function openImage(
  file: SpooledFile,
  rules: ReadOptions & { animated?: boolean | undefined },
): Promise<OpenedImage> {
  const { filename, place } = file
  const { limitInputPixels = DEFAULT_PIXELS, limitInputSide = DEFAULT_SIDE, failOn = 'none' } = rules
  const format = await acceptedFormat(file, rules.formats ?? DEFAULT_FORMATS)
  // Of the sizes that the header tells, ours is the check that can say them.
  const header = await readHeader(filename, place, { failOn, limitInputPixels: false })
  assertDecoderAgrees(filename, format, header)
  const { pages = 1, autoOrient, delay, loop } = header
  const animated = rules.animated === true && pages > 1 && ANIMATED_FORMATS.has(format)

  const { width, height } = autoOrient
  if (Math.max(width, height) > limitInputSide) {
    const reason = `has ${width}×${height} pixels, more than ${limitInputSide} on one side`
    throw imageError('TOO_MANY_PIXELS', filename, reason)
  }
  const frames = animated ? pages : 1
  if (width * height * frames > limitInputPixels) {
    const size = `${width}×${height}${frames > 1 ? ` × ${frames} frames` : ''}`
    throw imageError('TOO_MANY_PIXELS', filename, `has ${size} pixels, more than ${limitInputPixels}`)
  }
  return {
    filename,
    format,
    width,
    height,
    animation: animated ? { ...(delay && { delay }), ...(loop !== undefined && { loop }) } : undefined,
    input: place,
    options: {
      autoOrient: true,
      failOn,
      limitInputPixels: Number.isFinite(limitInputPixels) ? limitInputPixels : false,
      animated,
    },
    timeout: rules.timeout ?? DEFAULT_TIMEOUT_S,
  }
}

/** The start of the types of raw photographs: variants of TIFF. libvips would read only their preview. */
const RAW = 'image/x-'

async function acceptedFormat(file: SpooledFile, formats: readonly ImageFormat[]): Promise<ImageFormat> {
  const { filename, contentType, size } = file
  if (size === 0) throw imageError('NOT_AN_IMAGE', filename, 'is empty')
  const head = await headOf(file)
  const format = sniffFormat(head)
  if (format !== undefined && format !== 'svg' && looksLikeSvg(head)) {
    throw imageError('NOT_AN_IMAGE', filename, `begins like ${format}, but holds a drawing (svg)`)
  }
  if (format === undefined) {
    // A type that was found by its signature. SVG has no signature.
    const known = contentType.startsWith('image/') && contentType !== FORMATS.svg.contentType
    const code = known ? 'UNSUPPORTED_FORMAT' : 'NOT_AN_IMAGE'
    throw imageError(code, filename, known ? `is ${contentType}, which cannot be read` : 'is not an image')
  }
  if (format === 'tiff' && contentType.startsWith(RAW)) {
    throw imageError('UNSUPPORTED_FORMAT', filename, `is ${contentType}, which cannot be read`)
  }
  if (!formats.includes(format)) {
    throw imageError('UNSUPPORTED_FORMAT', filename, `is ${format}, expected one of ${formats.join(', ')}`)
  }
  if (!(await canRead(format))) {
    const advice = 'convert it to JPEG, or use a libvips with its codec'
    throw imageError(
      'UNSUPPORTED_FORMAT',
      filename,
      `is ${format}, which this libvips cannot decode: ${advice}`,
    )
  }
  return format
}

async function headOf(file: SpooledFile): Promise<Uint8Array> {
  if (typeof file.place !== 'string') return file.place.subarray(0, HEAD_BYTES)
  const stream = file.open()
  for await (const chunk of stream as AsyncIterable<Buffer>) return chunk
  return new Uint8Array()
}

/** The last check before pixels are decoded: libvips reads the file with the loader of the format that was accepted. */
function assertDecoderAgrees(
  filename: string,
  format: ImageFormat,
  { format: read, compression }: Metadata,
): void {
  const agrees =
    read === FORMATS[format].id && (read !== 'heif' || (compression === 'av1') === (format === 'avif'))
  if (!agrees) throw imageError('NOT_AN_IMAGE', filename, `begins like ${format}, but is read as ${read}`)
}

async function canRead(format: ImageFormat): Promise<boolean> {
  const sharp = await loadSharp()
  const { id, extension } = FORMATS[format]
  const { input } = sharp.format[id]
  // One loader for AVIF and HEIC, whose codecs are apart.
  return input.buffer && (format !== 'heic' || (input.fileSuffix?.includes(extension) ?? false))
}

async function readHeader(
  filename: string,
  input: Uint8Array | string,
  options: SharpOptions,
): Promise<Metadata> {
  const sharp = await loadSharp()
  try {
    return await sharp(input, options).metadata()
  } catch (cause) {
    throw imageError('NOT_AN_IMAGE', filename, `cannot be read: ${reasonOf(cause)}`, { cause })
  }
}
