import { FiledepotError, type FileValidator } from '@filedepot/core'
import { expected } from '@filedepot/core/backend'
import { checkReadOptions, type ReadOptions } from './image-options.ts'
import { openImage } from './open-image.ts'

/** Bounds of {@link allowDimensions}, in pixels; `formats` and `limitInputPixels` as of the upload type. */
export interface DimensionOptions extends ReadOptions {
  minWidth?: number | undefined
  maxWidth?: number | undefined
  minHeight?: number | undefined
  maxHeight?: number | undefined
}

/** Bounds of {@link allowAspectRatio}: width divided by height. */
export interface AspectRatioOptions extends ReadOptions {
  min?: number | undefined
  max?: number | undefined
}

/**
 * Accepts only images of these dimensions, as they are seen. It looks into the file, so it holds for every column.
 *
 * ```ts
 * import { allowTypes } from '@filedepot/core'
 * import { allowDimensions } from '@filedepot/image'
 *
 * const validators = [allowTypes('image/png'), allowDimensions({ minWidth: 400, maxWidth: 8000, maxHeight: 8000 })]
 * ```
 *
 * @throws FiledepotError `INVALID_ARGUMENT`. What it refuses fails with `FILE_REFUSED`, or as other images do with
 *   `NOT_AN_IMAGE`, `UNSUPPORTED_FORMAT`, `TOO_MANY_PIXELS`
 */
export function allowDimensions(options: DimensionOptions): FileValidator {
  const { minWidth, maxWidth, minHeight, maxHeight } = options
  checkBounds({ minWidth, maxWidth, minHeight, maxHeight })
  checkReadOptions(options)
  return async ({ spool }) => {
    const { filename, width, height } = await openImage(await spool(), options)
    refuseOutside(filename, `${width} pixels wide`, width, [minWidth, maxWidth])
    refuseOutside(filename, `${height} pixels high`, height, [minHeight, maxHeight])
  }
}

/**
 * Accepts only images of these proportions: `{ min: 1, max: 1 }` is square, `{ min: 1 }` is not upright.
 *
 * ```ts
 * import { allowAspectRatio } from '@filedepot/image'
 *
 * const banner = allowAspectRatio({ min: 2, max: 4 })
 * ```
 *
 * @throws FiledepotError as {@link allowDimensions}
 */
export function allowAspectRatio(options: AspectRatioOptions): FileValidator {
  const { min, max } = options
  checkBounds({ min, max })
  checkReadOptions(options)
  return async ({ spool }) => {
    const { filename, width, height } = await openImage(await spool(), options)
    const ratio = width / height
    refuseOutside(filename, `${width}×${height}, which is ${ratio.toFixed(2)}`, ratio, [min, max])
  }
}

type Bounds = readonly [least: number | undefined, most: number | undefined]

function refuseOutside(
  filename: string,
  got: string,
  value: number,
  [least = 0, most = Infinity]: Bounds,
): void {
  if (value >= least && value <= most) return
  const wanted =
    most === Infinity ? `at least ${least}` : least === 0 ? `at most ${most}` : `${least} to ${most}`
  throw new FiledepotError('FILE_REFUSED', `Expected "${filename}" to be ${wanted}, got ${got}`)
}

function checkBounds(bounds: Record<string, unknown>): void {
  for (const [name, value] of Object.entries(bounds)) {
    if (value === undefined || (typeof value === 'number' && value > 0)) continue
    throw expected(name, 'a number above 0', value)
  }
}
