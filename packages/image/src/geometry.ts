import type { ThumbnailOptions } from './image-options.ts'

/** In pixels. */
export interface Size {
  readonly width: number
  readonly height: number
}

/** How an image becomes a derived one: it is scaled to the frame, and then cut or padded to the canvas, around its middle. */
export interface Geometry {
  /** The frame in proportion to the image; never above 1. */
  readonly scale: number
  readonly frame: Size
  readonly canvas: Size
}

/** The whole image, scaled so that it fits in the box, or down so that the box cuts or pads it. Never enlarged. */
export function fitImage(image: Size, { width, height, fit = 'inside' }: ThumbnailOptions): Geometry {
  const scales = [(width ?? Infinity) / image.width, (height ?? Infinity) / image.height]
  if (fit === 'cover' && width !== undefined && height !== undefined) {
    const wanted = Math.max(...scales)
    const scale = Math.min(1, wanted)
    const frame = scaled(image, scale)
    // A box that is larger than the image becomes smaller, and keeps its proportions.
    const box = scaled({ width, height }, scale / wanted)
    return { scale, frame, canvas: smaller(frame, box) }
  }
  const scale = Math.min(1, ...scales)
  const frame = scaled(image, scale)
  const padded = fit === 'contain' && width !== undefined && height !== undefined
  return { scale, frame, canvas: padded ? { width, height } : frame }
}

/** The image at that scale; a side has one pixel at least. */
export function scaled({ width, height }: Size, scale: number): Size {
  return {
    width: Math.max(1, Math.round(width * scale)),
    height: Math.max(1, Math.round(height * scale)),
  }
}

function smaller(one: Size, other: Size): Size {
  return { width: Math.min(one.width, other.width), height: Math.min(one.height, other.height) }
}

export function sameSize(one: Size, other: Size): boolean {
  return one.width === other.width && one.height === other.height
}
