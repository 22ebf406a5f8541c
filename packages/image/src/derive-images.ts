import { AbortedError, FiledepotError } from '@filedepot/core'
import type { Sharp } from 'sharp'
import { sameSize, scaled, type Geometry, type Size } from './geometry.ts'
import { imageError, reasonOf } from './image-error.ts'
import { ANIMATED_FORMATS, type OutputFormat } from './image-format.ts'
import { DEFAULT_EFFORT, type WriteOptions } from './image-options.ts'
import { inTurn } from './image-queue.ts'
import { loadSharp } from './load-sharp.ts'
import type { OpenedImage } from './open-image.ts'

/** An image to be made of another. */
export interface Recipe extends WriteOptions {
  readonly geometry: Geometry
  readonly format: OutputFormat
  /** Gets it, as soon as it is there. */
  use(bytes: Buffer): void
}

/** Options of {@link deriveImages}. */
export interface DeriveOptions {
  keepMetadata?: boolean | undefined
  signal: AbortSignal
}

/** Pixels, or what sharp has to decode first: the same image at some scale. */
interface Pixels extends Size {
  /** @param animated with all frames, if there are several */
  read(animated: boolean): Sharp
}

/**
 * Makes images of one. It is decoded once, to the largest that is made of it; the others come from those pixels. Waits
 * its turn.
 *
 * @throws FiledepotError `NOT_AN_IMAGE`, `UNSUPPORTED_FORMAT`, `IMAGE_TIMED_OUT`, `INVALID_ARGUMENT`, `ABORTED`
 */
export async function deriveImages(
  image: OpenedImage,
  recipes: readonly Recipe[],
  { keepMetadata = false, signal }: DeriveOptions,
): Promise<void> {
  const checkSignal = () => {
    if (signal.aborted)
      throw new AbortedError(`Making images of "${image.filename}"`, { cause: signal.reason })
  }
  if (recipes.length === 0) return
  await inTurn(async () => {
    checkSignal()
    // Pixels have no metadata, and one image alone needs them nowhere else.
    const pixels = await (keepMetadata || recipes.length === 1 ? encoded(image) : decoded(image, recipes))
    for (const recipe of recipes) {
      checkSignal()
      recipe.use(await write(image, pixels, recipe, keepMetadata))
    }
  })
}

async function encoded({ input, options, width, height }: OpenedImage): Promise<Pixels> {
  const sharp = await loadSharp()
  return {
    width,
    height,
    read: (animated) => sharp(input, { ...options, animated: animated && options.animated === true }),
  }
}

async function decoded(image: OpenedImage, recipes: readonly Recipe[]): Promise<Pixels> {
  const sharp = await loadSharp()
  const source = await encoded(image)
  const animated = recipes.some(({ format }) => ANIMATED_FORMATS.has(format))
  const { width, height } = scaled(image, Math.max(...recipes.map(({ geometry }) => geometry.scale)))
  const { data, info } = await resized(source.read(animated), source, { width, height })
    .raw()
    .timeout({ seconds: image.timeout })
    .toBuffer({ resolveWithObject: true })
    .catch((cause: unknown) => {
      throw cannotRead(image, cause)
    })
  const { channels } = info
  const frame = { width, height, channels }
  return {
    width,
    height,
    // The first frame comes first. Of the limit, there is nothing left to say here.
    read: (all) =>
      all
        ? sharp(data, {
            raw: { ...frame, height: info.height, pageHeight: height },
            animated: true,
            limitInputPixels: false,
          })
        : sharp(data.subarray(0, width * height * channels), { raw: frame, limitInputPixels: false }),
  }
}

async function write(
  image: OpenedImage,
  pixels: Pixels,
  recipe: Recipe,
  keepMetadata: boolean,
): Promise<Buffer> {
  const { format, background, quality, effort = DEFAULT_EFFORT, geometry } = recipe
  const { frame, canvas } = geometry
  const animated = ANIMATED_FORMATS.has(format) && image.animation !== undefined
  const options = {
    ...(quality !== undefined && format !== 'png' && { quality }),
    ...(format === 'avif' && { effort }),
    ...(animated && image.animation),
  }
  let pipeline: Sharp
  try {
    pipeline = onCanvas(resized(pixels.read(animated), pixels, frame), geometry, {
      background: background ?? (format === 'jpeg' ? 'white' : { r: 0, g: 0, b: 0, alpha: 0 }),
    })
    if (format === 'jpeg') pipeline = pipeline.flatten({ background: background ?? 'white' })
    if (keepMetadata) pipeline = pipeline.keepMetadata()
    pipeline = pipeline.toFormat(format, options)
  } catch (cause) {
    const size = `${canvas.width}×${canvas.height}`
    throw new FiledepotError(
      'INVALID_ARGUMENT',
      `Cannot make a ${format} of ${size} pixels with sharp: ${reasonOf(cause)}`,
      {
        cause,
      },
    )
  }
  return await pipeline
    .timeout({ seconds: image.timeout })
    .toBuffer()
    .catch((cause: unknown) => {
      throw cannotRead(image, cause)
    })
}

function resized(sharp: Sharp, from: Size, to: Size): Sharp {
  return sameSize(from, to) ? sharp : sharp.resize(to.width, to.height, { fit: 'fill' })
}

/** Cuts what is outside of the canvas, or pads up to it. */
function onCanvas(
  sharp: Sharp,
  { frame, canvas }: Geometry,
  { background }: { background: string | object },
): Sharp {
  if (sameSize(frame, canvas)) return sharp
  const [x, y] = [canvas.width - frame.width, canvas.height - frame.height]
  const [left, top] = [Math.floor(Math.abs(x) / 2), Math.floor(Math.abs(y) / 2)]
  if (x <= 0 && y <= 0) return sharp.extract({ left, top, ...canvas })
  return sharp.extend({ left, right: x - left, top, bottom: y - top, background })
}

function cannotRead({ filename, format, timeout }: OpenedImage, cause: unknown): FiledepotError {
  const reason = reasonOf(cause)
  if (reason.startsWith('timeout:')) {
    const limit = `takes longer than ${timeout} s to be read or written`
    return imageError('IMAGE_TIMED_OUT', filename, limit, { cause })
  }
  return /too large for the .* format/.test(reason)
    ? imageError('UNSUPPORTED_FORMAT', filename, `cannot be written: ${reason}`, { cause })
    : imageError('NOT_AN_IMAGE', filename, `is a damaged ${format}: ${damage(reason)}`, { cause })
}

/** Of pixels that are missing, libvips only says that it could not write what it made of them. */
function damage(reason: string): string {
  return /^(?:Unknown error|.*unable to write to target.*)$/.test(reason)
    ? 'its pixels cannot be decoded'
    : reason
}
