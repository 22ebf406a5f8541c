import { FiledepotError, type FileContent } from '@filedepot/core'
import { allowDimensions, UploadedImage, type ImageFormat } from '@filedepot/image'
import { afterEach, describe, expect, it } from '@jest/globals'
import fc from 'fast-check'
import { existsSync, mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { deflateSync } from 'node:zlib'
import sharp from 'sharp'
import { memoryDepot, pathsOf } from './support/depot.ts'
import { picture } from './support/pictures.ts'

const Photo = UploadedImage.with({ thumbnails: { thumb: { width: 64, format: 'png' } } })
const SVG =
  '<svg xmlns="http://www.w3.org/2000/svg" width="40" height="20"><rect width="40" height="20" fill="red"/></svg>'

/** Uploads, and resolves with the stored value or the error. Nothing is left of a file that is refused. */
async function upload(
  bytes: Buffer | AsyncIterable<Buffer>,
  type: { from: (content: FileContent, options: { filename: string }) => UploadedImage } = Photo,
): Promise<UploadedImage | FiledepotError> {
  const depot = memoryDepot()
  try {
    return await depot.upload(type.from(bytes, { filename: 'a.avif' }))
  } catch (error) {
    expect(await pathsOf(depot)).toEqual([])
    if (error instanceof FiledepotError) return error
    throw error
  }
}

/** A first chunk of WebP that libwebp does not take. */
function riff(chunk: string, rest: string): string {
  return `RIFF    WEBP${chunk}${rest}`
}

describe('a drawing that begins like a picture', () => {
  it.each([
    ['AVIF in a comment', '<!--ftypavif-->'],
    ['AVIF after a space', '    ftypavif    '],
    ['a box of AVIF', '\0\0\0\x18ftypavif\0\0\0\0mif1miaf'],
    ['a film that is compatible with AVIF', '\0\0\0\x18ftypisom\0\0\0\0avifmiaf'],
    ['WebP with an unknown chunk', riff('    ', '          ')],
    ['WebP with a broken VP8 chunk', riff('VP8 ', '    abcdefghij')],
    ['WebP with a broken lossless chunk', riff('VP8L', '    /bcd\x7fefghij')],
    ['WebP with a broken extended chunk', riff('VP8X', '    abcdefghij')],
    ['WebP with a good extended chunk', riff('VP8X', '\x0a\0\0\0          ')],
    ['GIF', 'GIF89a'],
    ['TIFF', 'II*\0'],
    ['BigTIFF', 'II+\0'],
    ['JPEG', '\xff\xd8\xff'],
    ['PNG', '\x89PNG\r\n\x1a\n'],
    ['PPM', 'P6\n40 20\n255\n'],
    ['nothing', ''],
    ['white space', '\n\t '],
    ['a byte order mark', '\xef\xbb\xbf'],
  ])('is refused: %s', async (_, prefix) => {
    for (const between of ['', ' '.repeat(40), '<?xml version="1.0"?>']) {
      const result = await upload(Buffer.concat([Buffer.from(prefix, 'latin1'), Buffer.from(between + SVG)]))

      expect(result).toBeInstanceOf(FiledepotError)
      expect(['NOT_AN_IMAGE', 'UNSUPPORTED_FORMAT']).toContain((result as FiledepotError).code)
    }
  })

  it('is refused by validators, too', async () => {
    const depot = memoryDepot()
    const content = Photo.from(Buffer.from(`<!--ftypavif-->${SVG}`))

    const error: unknown = await depot
      .upload(content, { validators: [allowDimensions({ maxWidth: 300 })] })
      .catch((reason: unknown) => reason)

    expect(error).toMatchObject({ code: 'NOT_AN_IMAGE' })
    expect(await pathsOf(depot)).toEqual([])
  })
})

describe('whatever the bytes are', () => {
  const MAGICS = [
    '<!--ftypavif',
    '\0\0\0\x18ftypavif',
    'GIF89a',
    'RIFF    WEBPVP8X',
    'RIFF    WEBPVP8L',
    'II*\0',
    'MM\0*',
  ]
  const BODIES = [SVG, `<?xml version="1.0"?>${SVG}`, 'P6 1 1 255 abc', '%PDF-1.7', '<html>', '']

  it('only the loader of an accepted format reads them', async () => {
    const bytes = fc
      .tuple(
        fc.constantFrom(...MAGICS),
        fc.string({ unit: 'binary-ascii', maxLength: 40 }),
        fc.constantFrom(...BODIES),
      )
      .map((parts) => Buffer.from(parts.join(''), 'latin1'))

    await fc.assert(
      fc.asyncProperty(bytes, async (candidate) => {
        const result = await upload(candidate)
        if (result instanceof FiledepotError) return
        const { format } = await sharp(candidate).metadata()
        expect(['jpeg', 'png', 'webp', 'gif', 'heif', 'tiff']).toContain(format)
      }),
      { numRuns: 300 },
    )
  })

  it.each<[ImageFormat, () => Promise<Buffer>]>([
    ['jpeg', () => picture().jpeg().toBuffer()],
    ['png', () => picture().png().toBuffer()],
    ['webp', () => picture().webp().toBuffer()],
    ['webp', () => picture().webp({ lossless: true }).toBuffer()],
    [
      'webp',
      () =>
        picture()
          .ensureAlpha(0.5)
          .webp()
          .withExif({ IFD0: { Copyright: '<svg' } })
          .toBuffer(),
    ],
    ['gif', () => picture().gif().toBuffer()],
    ['avif', () => picture().avif().toBuffer()],
    ['tiff', () => picture().tiff().toBuffer()],
  ])('a real %s is accepted', async (format, make) => {
    expect(await upload(await make())).toMatchObject({ contentType: `image/${format}` })
  })
})

describe('a large drawing, where drawings are accepted', () => {
  const Drawing = UploadedImage.with({
    formats: ['svg'],
    thumbnails: { thumb: { width: 400, height: 60, format: 'png' } },
  })
  const folder = join(tmpdir(), `filedepot-neighbour-${process.pid}`)

  afterEach(() => {
    rmSync(folder, { recursive: true, force: true })
  })

  it.each([
    ['a file of the same folder', `filedepot-neighbour-${process.pid}/secret.txt`],
    ['an absolute path', join(folder, 'secret.txt')],
    ['a URL of a file', `file://${folder}/secret.txt`],
    ['a path upwards', `../filedepot-neighbour-${process.pid}/secret.txt`],
    ['/etc/hostname', '/etc/hostname'],
  ])('shows nothing of %s', async (_, href) => {
    mkdirSync(folder)
    writeFileSync(join(folder, 'secret.txt'), 'IN A NEIGHBOUR')
    const drawing =
      '<svg xmlns="http://www.w3.org/2000/svg" xmlns:xi="http://www.w3.org/2001/XInclude" width="400" height="60">' +
      '<rect width="400" height="60" fill="white"/>' +
      `<text x="5" y="40" font-size="30"><xi:include href="${href}" parse="text"/></text></svg>` +
      `<!--${'x'.repeat(5 << 20)}-->`
    async function* chunks(): AsyncGenerator<Buffer> {
      for (let at = 0; at < drawing.length; at += 65_536)
        yield await Promise.resolve(Buffer.from(drawing.slice(at, at + 65_536)))
    }

    const stored = await upload(chunks(), Drawing)

    if (stored instanceof FiledepotError) throw stored
    const { channels } = await sharp(await stored.thumbnails.thumb!.bytes())
      .greyscale()
      .stats()
    expect(channels[0]!.min).toBeGreaterThan(240)
    expect(
      readdirSync(tmpdir()).filter(
        (name) => name.includes(`-${process.pid}-`) && existsSync(join(tmpdir(), name, 'content')),
      ),
    ).toEqual([])
  })
})

describe('a picture that is very long', () => {
  /** A PNG of one column or one row, black. */
  function line(width: number, height: number): Buffer {
    const chunk = (type: string, data: Buffer): Buffer => {
      const body = Buffer.concat([Buffer.from(type, 'latin1'), data])
      const framed = Buffer.alloc(body.byteLength + 8)
      framed.writeUInt32BE(data.byteLength)
      body.copy(framed, 4)
      framed.writeUInt32BE(crc32(body), body.byteLength + 4)
      return framed
    }
    const header = Buffer.alloc(13)
    header.writeUInt32BE(width)
    header.writeUInt32BE(height, 4)
    header[8] = 1
    const pixels = deflateSync(Buffer.alloc((Math.ceil(width / 8) + 1) * height))
    return Buffer.concat([
      Buffer.from('\x89PNG\r\n\x1a\n', 'latin1'),
      chunk('IHDR', header),
      chunk('IDAT', pixels),
      chunk('IEND', Buffer.alloc(0)),
    ])
  }

  function crc32(bytes: Buffer): number {
    let rest = -1
    for (const byte of bytes) {
      let value = (rest ^ byte) & 255
      for (let bit = 0; bit < 8; bit++) value = value & 1 ? (value >>> 1) ^ 0xedb88320 : value >>> 1
      rest = (rest >>> 8) ^ value
    }
    return ~rest >>> 0
  }

  it.each([
    [1, 16_000_000],
    [65_536, 1],
  ])('of %i × %i pixels is refused before it is decoded', async (width, height) => {
    expect(await upload(line(width, height))).toMatchObject({
      code: 'TOO_MANY_PIXELS',
      message: `"a.avif" has ${width}×${height} pixels, more than 65535 on one side`,
    })
  })

  it('is accepted up to the limit, which is an option', async () => {
    expect(await upload(line(1, 65_535))).toMatchObject({ height: 65_535 })
    const Small = Photo.with({ limitInputSide: 100 })
    expect(await upload(line(101, 2), Small)).toMatchObject({ code: 'TOO_MANY_PIXELS' })
    expect(await upload(line(100, 2), Small)).toMatchObject({ width: 100 })
  })

  it('is given up after the time-out', async () => {
    // What libwebp needs many seconds for.
    const side = 6000
    const pixels = Buffer.alloc(side * side * 3)
    for (let at = 0; at < pixels.byteLength; at++) pixels[at] = (at * 2_654_435_761) >>> 13
    const noise = await sharp(pixels, { raw: { width: side, height: side, channels: 3 } })
      .png({ compressionLevel: 1 })
      .toBuffer()
    const Slow = UploadedImage.with({ timeout: 1, maxSide: 5999, format: 'webp' })

    const result = await upload(noise, Slow)

    expect(result).toMatchObject({
      code: 'IMAGE_TIMED_OUT',
      message: '"a.avif" takes longer than 1 s to be read or written',
    })
  })

  it.each([0, 3601, 1.5, '1'])('the time-out cannot be %p', (timeout) => {
    expect(() => UploadedImage.with({ timeout: timeout as number })).toThrow(
      'Expected timeout to be a whole number',
    )
  })
})
