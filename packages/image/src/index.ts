// Upload types, and what their values have.
export { UploadedImage, type ImageType } from './uploaded-image.ts'
export { UploadedImageWithThumb } from './uploaded-image-with-thumb.ts'
export { Thumbnail, thumbnailsOf } from './thumbnail.ts'
export { missingThumbnails } from './missing-thumbnails.ts'
export type { ImageOptions, ReadOptions, ThumbnailOptions, WriteOptions } from './image-options.ts'
export type { ImageFormat, OutputFormat } from './image-format.ts'

// For columns of any type.
export { ThumbnailFilter, type ThumbnailFilterOptions } from './thumbnail-filter.ts'
export {
  allowAspectRatio,
  allowDimensions,
  type AspectRatioOptions,
  type DimensionOptions,
} from './image-validators.ts'

export { imageConcurrency } from './image-queue.ts'
