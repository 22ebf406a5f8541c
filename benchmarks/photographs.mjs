import { DepotManager, LocalBackend } from '@filedepot/core'
import { UploadedImage } from '@filedepot/image'
import sharp from 'sharp'

/** What is made of a photograph: the largest by hand, and all sizes as an upload type. */
export const TASKS = {
  'to 1024 and 128': {
    largest: 1024,
    type: UploadedImage.with({
      maxSide: 1024,
      thumbnails: { thumb: { width: 128, height: 128, format: 'png' } },
    }),
  },
  'to five sizes': {
    largest: 1600,
    type: UploadedImage.with({
      maxSide: 1600,
      thumbnails: Object.fromEntries(
        [1024, 640, 320, 128].map((size) => [`to${size}`, { width: size, height: size, format: 'jpeg' }]),
      ),
    }),
  },
}

/** 12 megapixels with shapes and the grain of a sensor, as a JPEG of some 3 MB. */
export async function makePhotograph() {
  const [width, height] = [4032, 3024]
  const noise = { type: 'gaussian', mean: 128, sigma: 60 }
  const shapes = sharp({
    create: { width: width / 8, height: height / 8, channels: 3, background: '#888', noise },
  })
  const pixels = await sharp(await shapes.png().toBuffer())
    .resize(width, height, { kernel: 'cubic' })
    .raw()
    .toBuffer()
  for (let at = 0; at < pixels.length; at++) {
    pixels[at] = Math.max(0, Math.min(255, pixels[at] + (Math.random() + Math.random() - 1) * 14))
  }
  return await sharp(pixels, { raw: { width, height, channels: 3 } })
    .jpeg({ quality: 85 })
    .toBuffer()
}

/** One pipeline of sharp, which makes the largest and stores nothing. */
export function largestByHand(photograph, { largest }) {
  const box = { fit: 'inside', withoutEnlargement: true }
  return sharp(photograph).autoOrient().resize(largest, largest, box).jpeg().toBuffer()
}

/** All sizes, stored in a folder with their hashes. */
export function uploader(folder) {
  const depot = new DepotManager()
  depot.configure('default', new LocalBackend(folder))
  return (photograph, { type }) => depot.upload(type.from(photograph, { filename: 'photograph.jpg' }))
}
