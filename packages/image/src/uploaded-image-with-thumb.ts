import type { OutputFormat } from './image-format.ts'
import type { ImageOptions } from './image-options.ts'
import { UploadedImage } from './uploaded-image.ts'

/**
 * The image type of Python's DEPOT, with its defaults: at most 1024 pixels wide and high, and a thumbnail `thumb` as PNG
 * of 128 by 128. Subclasses set them otherwise.
 *
 * ```ts
 * import { UploadedImageWithThumb } from '@filedepot/image'
 *
 * class Avatar extends UploadedImageWithThumb {
 *   static override maxSide = 512
 *   static override thumbnailFormat = 'jpeg' as const
 *   static override thumbnailSize = [64, 64] as const
 * }
 * ```
 */
export class UploadedImageWithThumb extends UploadedImage.with({
  thumbnails: { thumb: { width: 128, height: 128 } },
}) {
  /** The longer side of what is stored, in pixels. */
  static maxSide = 1024
  static thumbnailFormat: OutputFormat = 'png'
  /** Width and height of the box that the thumbnail fits in. */
  static thumbnailSize: readonly [width: number, height: number] = [128, 128]

  static override get options(): ImageOptions {
    const [width, height] = this.thumbnailSize
    return { maxSide: this.maxSide, thumbnails: { thumb: { width, height, format: this.thumbnailFormat } } }
  }
}
