/// <reference lib="dom" />
import { UploadedImage } from '@filedepot/image'
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { existsSync } from 'node:fs'
import { chromium, type Browser, type Page } from 'playwright-core'
import { memoryDepot } from './support/depot.ts'
import { noise } from './support/pictures.ts'

// Photographs that came damaged from a camera, a card or a download, and that browsers show all the same.

const executablePath = process.env.FILEDEPOT_TEST_CHROMIUM ?? '/usr/bin/chromium'
const inChromium = existsSync(executablePath) ? describe : describe.skip

const [width, height] = [200, 150]
const START_OF_SCAN = Buffer.from([0xff, 0xda])

const cut =
  (share: number) =>
  (bytes: Buffer): Buffer =>
    bytes.subarray(0, Math.floor(bytes.byteLength * share))
const inserted = (bytes: Buffer, at: number, more: Uint8Array): Buffer =>
  Buffer.concat([bytes.subarray(0, at), more, bytes.subarray(at)])
const inTheMiddle =
  (...more: number[]) =>
  (bytes: Buffer): Buffer =>
    inserted(bytes, Math.floor(bytes.byteLength * 0.6), Buffer.from(more))
const changedInTheMiddle = (bytes: Buffer): Buffer => {
  const changed = Buffer.from(bytes)
  const at = Math.floor(changed.byteLength / 2)
  return changed.fill(0, at, at + 16)
}
const segment = (marker: number, text: string): Buffer => {
  const body = Buffer.from(text, 'latin1')
  return Buffer.concat([Buffer.from([0xff, marker, 0, body.byteLength + 2]), body])
}

const jpeg = (): Promise<Buffer> => noise(width, height).jpeg().toBuffer()
const progressive = (): Promise<Buffer> => noise(width, height).jpeg({ progressive: true }).toBuffer()
const png = (): Promise<Buffer> => noise(width, height).png().toBuffer()
const gif = (): Promise<Buffer> => noise(width, height).gif().toBuffer()
const webp = (): Promise<Buffer> => noise(width, height).webp().toBuffer()

const SHOWN: readonly [string, () => Promise<Buffer>, (bytes: Buffer) => Buffer][] = [
  ['a JPEG without its last bytes', jpeg, (bytes) => bytes.subarray(0, -2)],
  ['half a JPEG', jpeg, cut(0.5)],
  ['the beginning of a JPEG', jpeg, cut(0.15)],
  ['half a progressive JPEG', progressive, cut(0.5)],
  ['a JPEG with zeros in it', jpeg, changedInTheMiddle],
  ['a JPEG with a marker that has no place there', jpeg, inTheMiddle(0xff, 0xd3)],
  ['a JPEG with a marker that nobody knows', jpeg, inTheMiddle(0xff, 0x9a)],
  [
    'a JPEG with bytes between its parts',
    jpeg,
    (bytes) => inserted(bytes, bytes.indexOf(START_OF_SCAN), Buffer.from([1, 2, 3])),
  ],
  ['a JPEG with more behind its end', jpeg, (bytes) => Buffer.concat([bytes, Buffer.alloc(500, 7)])],
  [
    'a JPEG whose EXIF leads nowhere',
    jpeg,
    (bytes) => inserted(bytes, 2, segment(0xe1, 'Exif\0\0MM\0*\xff\xff\xff\xff1234')),
  ],
  [
    'a JPEG whose colour profile is none',
    jpeg,
    (bytes) => inserted(bytes, 2, segment(0xe2, `ICC_PROFILE\0\x01\x01${'x'.repeat(16)}`)),
  ],
  ['half a PNG', png, cut(0.5)],
  ['a PNG without its end', png, (bytes) => bytes.subarray(0, -12)],
  ['a PNG with zeros in it', png, changedInTheMiddle],
  ['half a GIF', gif, cut(0.5)],
  ['a GIF with zeros in it', gif, changedInTheMiddle],
  ['a WebP with zeros in it', webp, changedInTheMiddle],
  ['a WebP with more behind its end', webp, (bytes) => Buffer.concat([bytes, Buffer.alloc(100, 1)])],
]

const Photo = UploadedImage.with({ maxSide: 100, thumbnails: { thumb: { width: 32 } } })

describe('what browsers show of a damaged image', () => {
  it.each(SHOWN)('%s is stored, and its thumbnail is made', async (_, make, damage) => {
    const bytes = damage(await make())

    const photo = await memoryDepot().upload(Photo.from(bytes, { filename: 'photo' }))

    expect([photo.width, photo.height]).toEqual([100, 75])
    expect([photo.thumb.width, photo.thumb.height]).toEqual([32, 24])
  })

  inChromium('in Chromium', () => {
    let browser: Browser
    let page: Page
    beforeAll(async () => {
      browser = await chromium.launch({ executablePath, args: ['--no-sandbox', '--disable-gpu'] })
      page = await browser.newPage()
    }, 60_000)
    afterAll(() => browser.close())

    it.each(SHOWN)('%s is shown', async (_, make, damage) => {
      const url = `data:application/octet-stream;base64,${damage(await make()).toString('base64')}`

      const size = await page.evaluate(async (address) => {
        const image = new Image()
        image.src = address
        await image.decode()
        return [image.naturalWidth, image.naturalHeight]
      }, url)

      expect(size).toEqual([width, height])
    })
  })
})

describe('what no decoder makes an image of', () => {
  it.each<[string, () => Promise<Buffer>, (bytes: Buffer) => Buffer]>([
    ['a JPEG that ends before its pixels', jpeg, (bytes) => bytes.subarray(0, bytes.indexOf(START_OF_SCAN))],
    ['half an AVIF', () => noise(width, height).avif({ effort: 0 }).toBuffer(), cut(0.5)],
    ['half a TIFF', () => noise(width, height).tiff().toBuffer(), cut(0.5)],
    ['half a WebP', webp, cut(0.5)],
    ['half an interlaced PNG', () => noise(width, height).png({ progressive: true }).toBuffer(), cut(0.5)],
  ])('%s is refused', async (_, make, damage) => {
    const uploading = memoryDepot().upload(Photo.from(damage(await make()), { filename: 'photo' }))

    await expect(uploading).rejects.toMatchObject({ code: 'NOT_AN_IMAGE' })
  })
})
