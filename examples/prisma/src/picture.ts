import { UploadedImage } from '@filedepot/image'

/** In bytes, of an image. */
export const MAX_SIZE = 20_000_000

/** An image with its thumbnail. */
export class Picture extends UploadedImage.with({
  formats: ['jpeg', 'png', 'webp', 'gif'],
  thumbnails: { thumb: { width: 200, height: 200 } },
}) {}

/** What a client sees of a picture. */
export interface PictureView {
  readonly url: string
  readonly thumbnail: string
  readonly width: number | undefined
  readonly height: number | undefined
}

export function pictureView(picture: Picture | null): PictureView | null {
  if (!picture) return null
  const { url, thumb, width, height } = picture
  return { url, thumbnail: thumb.url, width, height }
}
