import { FiledepotError, fromPath, MemoryBackend } from '@filedepot/core'
import type { FileBody, FileInfo } from '@filedepot/core/backend'
import { ThumbnailFilter, UploadedImage, type ImageFormat, type ImageOptions } from '@filedepot/image'
import { describe, expect, it } from '@jest/globals'
import { readdir } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { Readable } from 'node:stream'
import { memoryDepot, pathsOf } from './support/depot.ts'
import { broken, frames, halfTransparent, noise, picture } from './support/pictures.ts'

const thumbnails = { first: { width: 32 }, second: { width: 16 }, third: { width: 8 } } as const

/** What uploading fails with. Nothing may be left then. */
async function failure(
  bytes: Buffer,
  filename: string,
  options: ImageOptions = {},
): Promise<Pick<FiledepotError, 'code' | 'message' | 'cause'>> {
  const depot = memoryDepot()
  const Photo = UploadedImage.with({ thumbnails, ...options })
  const error: unknown = await depot
    .upload(Photo.from(bytes, { filename }))
    .catch((reason: unknown) => reason)
  expect(await pathsOf(depot)).toEqual([])
  if (error instanceof FiledepotError) return error
  throw new Error('Expected a FiledepotError', { cause: error })
}

function box(type: string, ...brands: string[]): Buffer {
  const body = Buffer.from(`ftyp${type}\0\0\0\0${brands.join('')}`, 'latin1')
  const size = Buffer.alloc(4)
  size.writeUInt32BE(body.byteLength + 4)
  return Buffer.concat([size, body, Buffer.alloc(2000)])
}

const svg =
  '<svg xmlns="http://www.w3.org/2000/svg" width="40" height="20"><rect width="40" height="20" fill="red"/></svg>'

describe('what is no image', () => {
  it.each([
    ['nothing', 'empty.jpg', Buffer.alloc(0), 'is empty'],
    [
      'a page that is named .jpg',
      'photo.jpg',
      Buffer.from('<html><body>hello</body></html>'),
      'is not an image',
    ],
    [
      'a page with a drawing in it',
      'a.svg',
      Buffer.from(`<!doctype html><html>${svg}</html>`),
      'is not an image',
    ],
    ['text', 'notes.txt', Buffer.from('just text'), 'is not an image'],
    ['zeros', 'zeros.png', Buffer.alloc(5000), 'is not an image'],
    ['the signature of a JPEG alone', 'a.jpg', Buffer.from([0xff, 0xd8, 0xff, 0xe0]), 'cannot be read'],
    [
      'the signature of a PNG before a page',
      'a.png',
      Buffer.from('\x89PNG\r\n\x1a\n<html>', 'latin1'),
      'cannot be read',
    ],
    ['a film', 'film.jpg', box('isom', 'isom', 'mp42'), 'is not an image'],
  ])('%s is refused, with the name of the file', async (_, filename, bytes, reason) => {
    const error = await failure(bytes, filename)

    expect(error.code).toBe('NOT_AN_IMAGE')
    expect(error.message).toContain(`"${filename}" ${reason}`)
  })

  it.each([
    ['JPEG', () => noise(400, 300).jpeg()],
    ['progressive JPEG', () => noise(400, 300).jpeg({ progressive: true })],
    ['PNG', () => noise(400, 300).png()],
    ['WebP', () => noise(400, 300).webp()],
    ['GIF', () => noise(80, 60).gif()],
  ])('a %s that is cut off is refused where no damage is allowed', async (_, make) => {
    const bytes = await make().toBuffer()

    const error = await failure(bytes.subarray(0, bytes.byteLength / 2), 'half.img', { failOn: 'warning' })

    expect(error.code).toBe('NOT_AN_IMAGE')
    expect(error.message).toMatch(/^"half.img" (is a damaged|cannot be read)/)
    expect(error.cause).toBeInstanceOf(Error)
  })

  it('a PNG whose pixels cannot be decoded is refused', async () => {
    const error = await failure(await broken(), 'half.png')

    expect(error.code).toBe('NOT_AN_IMAGE')
    expect(error.message).toBe('"half.png" is a damaged png: its pixels cannot be decoded')
  })
})

/** Two pixels by two, with the header of Windows. */
const bmp = Buffer.alloc(70)
bmp.write('BM')
bmp.writeUInt32LE(54, 10)
bmp.writeUInt32LE(40, 14)
bmp.writeUInt32LE(2, 18)
bmp.writeUInt32LE(2, 22)
bmp.writeUInt16LE(1, 26)
bmp.writeUInt16LE(24, 28)

describe('formats', () => {
  it.each([
    ['HEIC', 'photo.heic', box('heic', 'mif1', 'heic'), 'is heic, which this libvips cannot decode'],
    ['HEIC of a general brand', 'photo.heic', box('mif1', 'mif1', 'heic'), 'is heic, which this libvips'],
    ['a BMP', 'a.bmp', bmp, 'is image/bmp, which cannot be read'],
    ['an SVG', 'a.svg', Buffer.from(svg), 'is svg, expected one of jpeg, png'],
    [
      'an SVG that is named .png',
      'a.png',
      Buffer.from(`<?xml version="1.0"?>\n${svg}`),
      'is svg, expected one of',
    ],
    [
      'a JPEG XL',
      'a.jxl',
      Buffer.from('\0\0\0\x0cJXL \r\n\x87\n', 'latin1'),
      'is image/jxl, which cannot be read',
    ],
    ['a Photoshop file', 'a.psd', Buffer.from('8BPS\0\x01'.padEnd(40, '\0')), 'is image/vnd.adobe.photoshop'],
    [
      'a raw photograph',
      'a.cr2',
      Buffer.from('II*\0\x10\0\0\0CR\x02\0'.padEnd(64, '\0')),
      'is image/x-canon-cr2',
    ],
    ['a PDF', 'a.pdf', Buffer.from('%PDF-1.7\n%\xe2\xe3'), 'is pdf, expected one of'],
  ])('%s is refused clearly', async (_, filename, bytes, reason) => {
    const error = await failure(bytes, filename)

    expect(error.code).toBe('UNSUPPORTED_FORMAT')
    expect(error.message).toContain(`"${filename}" ${reason}`)
  })

  it('PDF needs a codec also where it is allowed', async () => {
    const error = await failure(Buffer.from('%PDF-1.7\n'), 'a.pdf', { formats: ['pdf'] })

    expect(error.message).toBe(
      '"a.pdf" is pdf, which this libvips cannot decode: convert it to JPEG, or use a libvips with its codec',
    )
  })

  it('are only those that are asked for', async () => {
    const formats: ImageFormat[] = ['png', 'webp']
    const [jpeg, png] = [await picture().jpeg().toBuffer(), await picture().png().toBuffer()]

    const error = await failure(jpeg, 'a.png', { formats })
    const Photo = UploadedImage.with({ formats })
    const photo = await memoryDepot().upload(Photo.from(png))

    expect(error).toMatchObject({
      code: 'UNSUPPORTED_FORMAT',
      message: '"a.png" is jpeg, expected one of png, webp',
    })
    expect(photo.contentType).toBe('image/png')
  })

  it('SVG is drawn where it is allowed, and kept as it is whatever its size', async () => {
    const Drawing = UploadedImage.with({ formats: ['svg'], maxSide: 10, thumbnails })
    const drawing = await memoryDepot().upload(Drawing.from(Buffer.from(svg), { filename: 'a.svg' }))

    expect([drawing.width, drawing.height, drawing.first.width]).toEqual([40, 20, 32])
    expect(drawing.contentType).toBe('image/svg+xml')
    expect((await drawing.bytes()).toString()).toBe(svg)
  })

  it('say where one has no room for an image', async () => {
    const tall = await picture(1, 17_000, () => 'red')
      .png()
      .toBuffer()

    const error = await failure(tall, 'tall.png', { thumbnails: { wide: { width: 10, format: 'webp' } } })

    expect(error.code).toBe('UNSUPPORTED_FORMAT')
    expect(error.message).toContain('"tall.png" cannot be written')
  })
})

describe('pixels', () => {
  it('of a bomb are counted, not decoded', async () => {
    const bomb = await halfTransparent(1000, 1)
      .resize(5000, 5000, { fit: 'fill', kernel: 'nearest' })
      .png()
      .toBuffer()

    const error = await failure(bomb, 'bomb.png', { limitInputPixels: 24_999_999 })

    expect(error).toMatchObject({
      code: 'TOO_MANY_PIXELS',
      message: '"bomb.png" has 5000×5000 pixels, more than 24999999',
    })
  })

  it('of a header that lies are those of the header', async () => {
    const png = await picture().png().toBuffer()
    png.writeUInt32BE(100_000, 16)
    png.writeUInt32BE(100_000, 20)

    // Its checksum is wrong as well, which libvips may say first.
    expect(['TOO_MANY_PIXELS', 'NOT_AN_IMAGE']).toContain((await failure(png, 'liar.png')).code)
  })

  it('are those of all frames, where these are kept', async () => {
    const gif = await frames(100, 100).gif().toBuffer()
    const limitInputPixels = 29_999

    const error = await failure(gif, 'film.gif', { limitInputPixels, animated: true })
    const Still = UploadedImage.with({ limitInputPixels, thumbnails })
    const still = await memoryDepot().upload(Still.from(gif))

    expect(error).toMatchObject({
      code: 'TOO_MANY_PIXELS',
      message: '"film.gif" has 100×100 × 3 frames pixels, more than 29999',
    })
    expect(still.width).toBe(100)
  })

  it('may be without a limit', async () => {
    const Photo = UploadedImage.with({ limitInputPixels: Infinity, thumbnails })

    const photo = await memoryDepot().upload(Photo.from(await picture().png().toBuffer()))

    expect(photo.first.width).toBe(32)
  })
})

describe('a filter', () => {
  it.each([
    ['no image', Buffer.from('<html>'), 'NOT_AN_IMAGE'],
    ['an SVG', Buffer.from(svg), 'UNSUPPORTED_FORMAT'],
  ])('refuses %s, and the file that was stored goes', async (_, bytes, code) => {
    const depot = memoryDepot()
    const file = UploadedImage.from(bytes)

    const uploading = depot.upload(file, { filters: [new ThumbnailFilter()] })

    await expect(uploading).rejects.toMatchObject({ code })
    expect(await pathsOf(depot)).toEqual([])
  })
})

/** Keeps what it is told to store waiting, until the signal ends it. */
class Hanging extends MemoryBackend {
  readonly begun: string[] = []
  reasons: unknown[] = []
  constructor(private readonly hangs: RegExp) {
    super()
  }
  override async write(
    id: string,
    body: FileBody,
    info: FileInfo,
    options: { signal?: AbortSignal | undefined },
  ): Promise<void> {
    this.begun.push(info.filename)
    if (this.hangs.test(info.filename)) {
      await new Promise((_, reject) => {
        options.signal?.addEventListener('abort', () => {
          this.reasons.push(options.signal?.reason)
          reject(options.signal?.reason as Error)
        })
      })
    }
    await super.write(id, body, info, options)
  }
}

async function temporaryFiles(): Promise<string[]> {
  const own = new RegExp(`^filedepot-spool-${process.pid}-`)
  return (await readdir(tmpdir())).filter((name) => own.test(name))
}

describe('giving up', () => {
  it('ends the upload of the original where the image turns out to be damaged', async () => {
    const backend = new Hanging(/half/)
    const depot = memoryDepot(backend)
    const Photo = UploadedImage.with({ thumbnails })
    const uploading = depot.upload(Photo.from(await broken(), { filename: 'half.png' }))

    await expect(uploading).rejects.toMatchObject({ code: 'NOT_AN_IMAGE' })
    expect(backend.begun).toEqual(['half.png'])
    expect(backend.reasons).toMatchObject([{ code: 'NOT_AN_IMAGE' }])
    expect(await pathsOf(depot)).toEqual([])
  })

  it('stores the original while it makes the thumbnails', async () => {
    const backend = new Hanging(/photo/)
    const depot = memoryDepot(backend)
    const abort = new AbortController()
    const Photo = UploadedImage.with({ thumbnails })
    const pending = Photo.from(await picture().jpeg().toBuffer(), { filename: 'photo.jpg' })

    const uploading = depot.upload(pending, { signal: abort.signal }).catch((error: unknown) => error)
    while (backend.begun.length < 4) await new Promise((resolve) => setImmediate(resolve))
    abort.abort(new Error('enough'))

    expect(await uploading).toMatchObject({ code: 'ABORTED' })
    expect(backend.begun).toEqual(['photo.jpg', 'first.webp', 'second.webp', 'third.webp'])
    expect(await pathsOf(depot)).toEqual([])
  })

  it('leaves nothing of a large stream, here or there', async () => {
    const depot = memoryDepot()
    const bytes = await noise(1300, 1100).png({ compressionLevel: 0 }).toBuffer()
    expect(bytes.byteLength).toBeGreaterThan(4 * 1024 * 1024)
    const chunks = () => Readable.from(Array.from({ length: 64 }, (_, index) => part(bytes, index, 64)))
    const Photo = UploadedImage.with({ thumbnails, maxSide: 400 })

    const photo = await depot.upload(Photo.from(chunks(), { filename: 'large.png' }))
    expect([photo.width, photo.first.width]).toEqual([400, 32])
    expect(await pathsOf(depot)).toEqual([...photo.files].sort())
    expect(await temporaryFiles()).toEqual([])

    const cut = Readable.from([bytes.subarray(0, bytes.byteLength - 100_000)])
    const Strict = Photo.with({ failOn: 'truncated' })
    await expect(depot.upload(Strict.from(cut))).rejects.toMatchObject({ code: 'NOT_AN_IMAGE' })
    expect(await pathsOf(depot)).toEqual([...photo.files].sort())
    expect(await temporaryFiles()).toEqual([])
  })

  it('says what a path is that is not there', async () => {
    const uploading = memoryDepot().upload(UploadedImage.from(fromPath('/nowhere/photo.jpg')))

    await expect(uploading).rejects.toMatchObject({ code: 'CONTENT_FAILED' })
  })

  it('keeps to the rules of the upload, for what was sent', async () => {
    const depot = memoryDepot()
    const bytes = await noise(200, 200).png().toBuffer()
    const Photo = UploadedImage.with({ thumbnails, maxSide: 10 })
    const names: string[] = []
    const validators = [({ filename }: { filename: string }) => void names.push(filename)]

    await depot.upload(Photo.from(bytes, { filename: 'a.png' }), { validators, maxSize: bytes.byteLength })
    const tooLarge = depot.upload(Photo.from(bytes), { maxSize: bytes.byteLength - 1 })

    await expect(tooLarge).rejects.toMatchObject({ code: 'FILE_TOO_LARGE' })
    expect(names).toEqual(['a.png'])
  })
})

function part(bytes: Buffer, index: number, count: number): Buffer {
  const size = Math.ceil(bytes.byteLength / count)
  return bytes.subarray(index * size, (index + 1) * size)
}
