import { UploadedImage, type ImageOptions } from '@filedepot/image'
import { describe as group, expect, it } from '@jest/globals'
import sharp from 'sharp'
import { memoryDepot } from './support/depot.ts'
import {
  coloursOf,
  describe,
  frames,
  halfTransparent,
  noise,
  picture,
  quarters,
  turned,
  UPRIGHT,
} from './support/pictures.ts'

/*
 * What sharp makes of pictures, at the level of pixels. The options are those that most would use: one thumbnail of each
 * kind, a smaller original.
 */
const SIZES = {
  inside: { width: 32, height: 32, format: 'png' },
  cover: { width: 20, height: 20, fit: 'cover', format: 'jpeg', quality: 95 },
} as const

async function uploaded(bytes: Buffer, options: ImageOptions = {}) {
  const Photo = UploadedImage.with({ thumbnails: SIZES, ...options })
  const photo = await memoryDepot().upload(Photo.from(bytes, { filename: 'photo' }))
  const thumbnails = Object.entries(photo.thumbnails).map(async ([name, thumbnail]) => {
    const made = await thumbnail.bytes()
    expect(await describe(made)).toMatchObject({ width: thumbnail.width, height: thumbnail.height })
    return [name, made] as const
  })
  return { photo, original: await photo.bytes(), made: Object.fromEntries(await Promise.all(thumbnails)) }
}

const PICTURES: Record<string, () => Promise<Buffer>> = {
  ...Object.fromEntries(
    [1, 2, 3, 4, 5, 6, 7, 8].map((turn) => [`a JPEG of EXIF orientation ${turn}`, () => turned(turn)]),
  ),
  'a progressive JPEG': () => picture().jpeg({ progressive: true }).toBuffer(),
  'a CMYK JPEG': () => picture().toColourspace('cmyk').jpeg({ quality: 100 }).toBuffer(),
  'a PNG': () => picture().png().toBuffer(),
  'an interlaced PNG': () => picture().png({ progressive: true }).toBuffer(),
  'a PNG of 16 bits': () => picture().toColourspace('rgb16').png().toBuffer(),
  'a PNG with a palette': () => picture().png({ palette: true, colours: 4 }).toBuffer(),
  'a WebP': () => picture().webp({ quality: 100 }).toBuffer(),
  'a lossless WebP': () => picture().webp({ lossless: true }).toBuffer(),
  'a GIF': () => picture().gif().toBuffer(),
  'a TIFF': () => picture().tiff({ compression: 'deflate' }).toBuffer(),
  'a BigTIFF': () => picture().tiff({ bigtiff: true }).toBuffer(),
  'an AVIF': () => picture().avif({ quality: 90, effort: 0 }).toBuffer(),
}

group.each(Object.entries(PICTURES))('%s', (_, make) => {
  it('is kept byte for byte, and its thumbnails are upright', async () => {
    const bytes = await make()

    const { photo, original, made } = await uploaded(bytes)

    expect(Buffer.compare(original, bytes)).toBe(0)
    expect([photo.width, photo.height]).toEqual([64, 48])
    expect(await describe(made.inside!)).toEqual({ format: 'png', width: 32, height: 24 })
    expect(await describe(made.cover!)).toEqual({ format: 'jpeg', width: 20, height: 20 })
    expect(await coloursOf(made.inside!)).toEqual(UPRIGHT)
    expect(await coloursOf(made.cover!)).toEqual(UPRIGHT)
  })

  it('is stored upright, smaller and in its format where it is larger than it may be', async () => {
    const bytes = await make()
    const { format } = await describe(bytes)

    const { photo, original, made } = await uploaded(bytes, { maxSide: 40, quality: 95 })

    expect(await describe(original)).toEqual({ format, width: 40, height: 30 })
    expect([photo.width, photo.height]).toEqual([40, 30])
    expect(photo).toMatchObject({
      filename: 'photo',
      contentType: `image/${format}`,
      size: original.byteLength,
    })
    expect(await coloursOf(original)).toEqual(UPRIGHT)
    expect(await coloursOf(made.inside!)).toEqual(UPRIGHT)
  })
})

group('the effort of AVIF', () => {
  it('is that of the option, for what is smaller and for thumbnails', async () => {
    const bytes = await noise(200, 150).png().toBuffer()
    const made = async (effort: number | undefined): Promise<Buffer[]> => {
      const thumbnails = { thumb: { width: 64, format: 'avif', effort } } as const
      const { original, made } = await uploaded(bytes, { maxSide: 100, format: 'avif', effort, thumbnails })
      return [original, made.thumb!]
    }

    const [usual, two, zero] = [await made(undefined), await made(2), await made(0)]

    expect(usual).toEqual(two)
    expect(zero.map((file, index) => file.equals(two[index]!))).toEqual([false, false])
  })
})

group('the fit of a thumbnail', () => {
  const png = { format: 'png' } as const

  it.each([
    ['the whole image in the box', { width: 32, height: 32 }, [32, 24]],
    ['a width alone', { width: 16 }, [16, 12]],
    ['a height alone', { height: 12 }, [16, 12]],
    ['a box that is cut', { width: 16, height: 40, fit: 'cover' }, [16, 40]],
    ['a canvas that is larger', { width: 100, height: 80, fit: 'contain' }, [100, 80]],
    ['a canvas that is smaller', { width: 32, height: 32, fit: 'contain' }, [32, 32]],
    ['never enlarged: the whole image', { width: 100, height: 100 }, [64, 48]],
    ['never enlarged: what is cut', { width: 100, height: 100, fit: 'cover' }, [48, 48]],
    ['never enlarged: what is cut a little', { width: 64, height: 96, fit: 'cover' }, [32, 48]],
  ] as const)('%s: %j gives %j', async (_, options, [width, height]) => {
    const { made } = await uploaded(await picture().png().toBuffer(), {
      thumbnails: { thumb: { ...options, ...png }, beside: { width: 50, ...png } },
    })

    expect(await describe(made.thumb!)).toEqual({ format: 'png', width, height })
    expect(await coloursOf(made.thumb!)).toEqual(UPRIGHT)
  })

  it.each([
    ['transparent where the format can be', 'png', undefined, 'transparent'],
    ['white where it cannot', 'jpeg', undefined, 'white'],
    ['of the colour that was said', 'png', '#000', 'black'],
    ['of the colour that was said', 'jpeg', 'black', 'black'],
  ] as const)('contain pads with what is %s (%s, %s)', async (_, format, background, colour) => {
    const red = picture(20, 10, () => 'red')

    const { made } = await uploaded(await red.png().toBuffer(), {
      thumbnails: { thumb: { width: 20, height: 40, fit: 'contain', format, background } },
    })

    expect(await describe(made.thumb!)).toEqual({ format, width: 20, height: 40 })
    expect(await coloursOf(made.thumb!)).toEqual([colour, colour, colour, colour])
    const middle = await sharp(made.thumb)
      .extract({ left: 0, top: 16, width: 20, height: 8 })
      .png()
      .toBuffer()
    expect(await coloursOf(middle)).toEqual(['red', 'red', 'red', 'red'])
  })

  it.each([
    ['1×1', 1, 1, [1, 1], [1, 1]],
    ['1×10,000', 1, 10_000, [1, 32], [1, 1]],
    ['10,000×1', 10_000, 1, [32, 1], [1, 1]],
  ])('leaves one pixel at least of %s', async (_, width, height, inside, cover) => {
    const { photo, made } = await uploaded(
      await picture(width, height, () => 'blue')
        .png()
        .toBuffer(),
    )

    expect([photo.width, photo.height]).toEqual([width, height])
    expect(Object.values(await describe(made.inside!)).slice(1)).toEqual(inside)
    expect(Object.values(await describe(made.cover!)).slice(1)).toEqual(cover)
    expect(await coloursOf(made.inside!)).toEqual(['blue', 'blue', 'blue', 'blue'])
  })
})

group('transparency', () => {
  it.each([
    ['png', undefined, 'transparent'],
    ['webp', undefined, 'transparent'],
    ['avif', undefined, 'transparent'],
    ['gif', undefined, 'transparent'],
    ['jpeg', undefined, 'white'],
    ['jpeg', 'black', 'black'],
  ] as const)('in %s with the background %s is %s', async (format, background, colour) => {
    const { made } = await uploaded(await halfTransparent().png().toBuffer(), {
      thumbnails: {
        thumb: { width: 32, format, background, quality: 90 },
        other: { width: 40, format: 'png' },
      },
    })

    expect((await describe(made.thumb!)).format).toBe(format)
    expect(await coloursOf(made.thumb!)).toEqual(['red', colour, 'red', colour])
  })

  it('stays in a smaller original, and is flattened in one that becomes a JPEG', async () => {
    const bytes = await halfTransparent().webp().toBuffer()

    const kept = await uploaded(bytes, { maxSide: 32 })
    const jpeg = await uploaded(bytes, { maxSide: 32, format: 'jpeg', background: '#000' })

    expect(await coloursOf(kept.original)).toEqual(['red', 'transparent', 'red', 'transparent'])
    expect(await coloursOf(jpeg.original)).toEqual(['red', 'black', 'red', 'black'])
    expect(jpeg.photo).toMatchObject({ filename: 'photo.jpg', contentType: 'image/jpeg' })
  })
})

group('animation', () => {
  const thumbnails = {
    gif: { width: 32, format: 'gif' },
    webp: { width: 20, height: 20, fit: 'cover', format: 'webp' },
    png: { width: 16, format: 'png' },
    padded: { width: 30, height: 30, fit: 'contain', format: 'gif' },
  } as const
  const all = (colour: string) => [colour, colour, colour, colour]

  it.each([
    [
      'GIF',
      () =>
        frames()
          .gif({ delay: [100, 200, 300], loop: 3 })
          .toBuffer(),
    ],
    [
      'WebP',
      () =>
        frames()
          .webp({ delay: [100, 200, 300], loop: 3 })
          .toBuffer(),
    ],
  ])('of a %s stays where it is asked for, in formats that can move', async (_, make) => {
    const { photo, original, made } = await uploaded(await make(), {
      animated: true,
      maxSide: 48,
      thumbnails,
    })

    expect([photo.width, photo.height]).toEqual([48, 36])
    const moving = [original, made.gif!, made.webp!, made.padded!]
    for (const bytes of moving) {
      const { pages, delay, loop } = await sharp(bytes).metadata()
      expect({ pages, delay, loop }).toEqual({ pages: 3, delay: [100, 200, 300], loop: 3 })
    }
    for (const bytes of moving) expect(await coloursOf(bytes, 1)).toEqual(all('green'))
    expect(await describe(made.webp!)).toMatchObject({ width: 20, height: 20 })
    expect(await describe(made.png!)).toEqual({ format: 'png', width: 16, height: 12 })
    expect(await coloursOf(made.png!)).toEqual(all('red'))
  })

  it('is kept where one thumbnail alone is made', async () => {
    const { made } = await uploaded(await frames().gif().toBuffer(), {
      animated: true,
      thumbnails: { webp: thumbnails.webp },
    })
    const still = await uploaded(await frames().gif().toBuffer(), {
      animated: true,
      thumbnails: { png: thumbnails.png },
    })

    expect((await sharp(made.webp).metadata()).pages).toBe(3)
    expect(await describe(still.made.png!)).toEqual({ format: 'png', width: 16, height: 12 })
  })

  it('becomes its first frame otherwise', async () => {
    const bytes = await frames().gif().toBuffer()

    const { original, made } = await uploaded(bytes, { thumbnails })

    expect(Buffer.compare(original, bytes)).toBe(0)
    for (const one of Object.values(made)) expect((await sharp(one).metadata()).pages ?? 1).toBe(1)
    expect(await coloursOf(made.webp!)).toEqual(all('red'))
  })
})

group('what comes with an image', () => {
  /** Red of Display P3, with a place and a way that the camera was held. */
  async function photograph(): Promise<Buffer> {
    const exif = { IFD0: { Copyright: 'Ada' }, IFD3: { GPSLatitudeRef: 'N', GPSLatitude: '51/1 30/1 0/1' } }
    return await picture(48, 64, quarters(48, 64))
      .withIccProfile('p3')
      .withExif(exif)
      .withMetadata({ orientation: 6 })
      .jpeg({ quality: 100 })
      .toBuffer()
  }

  it('is stripped of what is derived from it, and its colours are those of sRGB', async () => {
    const { original, made } = await uploaded(await photograph(), { maxSide: 60 })

    for (const bytes of [original, ...Object.values(made)]) {
      const { exif, icc, xmp, orientation, space } = await sharp(bytes).metadata()
      expect({ exif, icc, xmp, orientation, space }).toEqual({ space: 'srgb' })
    }
    // The quarters of what the camera has stored, turned by a quarter.
    expect(await coloursOf(made.inside!)).toEqual(['blue', 'red', 'white', 'green'])
  })

  it('goes along where it is asked for, but for the orientation, which is applied', async () => {
    const { original, made } = await uploaded(await photograph(), { maxSide: 60, keepMetadata: true })

    for (const bytes of [original, ...Object.values(made)]) {
      const { exif, icc, orientation = 1 } = await sharp(bytes).metadata()
      expect(exif?.includes('Ada')).toBe(true)
      expect(icc).toBeDefined()
      expect(orientation).toBe(1)
    }
    expect(await coloursOf(made.inside!)).toEqual(['blue', 'red', 'white', 'green'])
  })
})

group('a placeholder', () => {
  it('is a tiny image in the row itself', async () => {
    const { photo, original, made } = await uploaded(await turned(6), { placeholder: true })

    const [, data = ''] = photo.placeholder?.split('data:image/webp;base64,') ?? []
    const bytes = Buffer.from(data, 'base64')
    expect(await describe(bytes)).toEqual({ format: 'webp', width: 16, height: 12 })
    expect(await coloursOf(bytes)).toEqual(UPRIGHT)
    expect(photo.files).toHaveLength(3)
    expect([original, ...Object.values(made)]).toHaveLength(3)
  })
})

group('a large photograph', () => {
  it('is decoded to the largest thumbnail, and the others come from that', async () => {
    const bytes = await noise(1200, 900).jpeg().toBuffer()

    const { photo, made } = await uploaded(bytes, {
      thumbnails: { a: { width: 600 }, b: { width: 300 }, c: { width: 100, height: 100, fit: 'cover' } },
    })

    const sizes = await Promise.all(Object.values(made).map(describe))
    expect(sizes).toEqual([
      { format: 'webp', width: 600, height: 450 },
      { format: 'webp', width: 300, height: 225 },
      { format: 'webp', width: 100, height: 100 },
    ])
    expect([photo.width, photo.height]).toEqual([1200, 900])
  })
})
