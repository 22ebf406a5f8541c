import { DepotManager, MemoryBackend, UploadedFile } from '@filedepot/core'
import type { FileBody, FileInfo } from '@filedepot/core/backend'
import {
  imageConcurrency,
  Thumbnail,
  ThumbnailFilter,
  thumbnailsOf,
  UploadedImage,
  UploadedImageWithThumb,
  type ImageOptions,
} from '@filedepot/image'
import { describe, expect, it } from '@jest/globals'
import { memoryDepot, pathsOf } from './support/depot.ts'
import { describe as facts, noise, picture } from './support/pictures.ts'

class Photo extends UploadedImage.with({
  thumbnails: { thumb: { width: 32, height: 32, format: 'png' }, small: { width: 16, format: 'jpeg' } },
}) {}

const png = () => picture().png().toBuffer()

describe('a stored image', () => {
  it('has its size, and its thumbnails as files of its own', async () => {
    const depot = memoryDepot()

    const photo = await depot.upload(Photo.from(await png(), { filename: 'me.png' }))

    // What TypeScript knows of it, too.
    const { thumb, thumbnails }: { thumb: Thumbnail; thumbnails: Record<'thumb' | 'small', Thumbnail> } =
      photo
    // @ts-expect-error there is no such thumbnail
    expect(photo.large).toBeUndefined()
    expect(photo).toBeInstanceOf(UploadedImage)
    expect([photo.width, photo.height]).toEqual([64, 48])
    expect(Object.keys(thumbnails)).toEqual(['thumb', 'small'])
    expect(thumb).toMatchObject({ filename: 'thumb.png', contentType: 'image/png', width: 32, height: 24 })
    expect(thumb.url).toBe(`/depot/${thumb.path}`)
    expect(photo.files).toEqual([photo.path, thumb.path, thumbnails.small.path])
    expect(await pathsOf(depot)).toEqual([...photo.files].sort())
    await using stored = await photo.thumbnails.small.open()
    expect(stored).toMatchObject({ filename: 'small.jpg', contentType: 'image/jpeg' })
    expect(stored).toMatchObject({ size: thumbnails.small.size, sha256: thumbnails.small.sha256 })
    expect(await facts(await stored.bytes())).toEqual({ format: 'jpeg', width: 16, height: 12 })
  })

  it('is the same when it comes from a row, and finds its files through the same depot', async () => {
    const depot = memoryDepot()
    const photo = await depot.upload(Photo.from(await png()))

    const loaded = Photo.fromJSON(JSON.stringify(photo))

    expect(loaded.toJSON()).toEqual(photo.toJSON())
    expect([loaded.width, loaded.thumb.path]).toEqual([64, photo.thumb.path])
    expect((await photo.thumb.bytes()).byteLength).toBe(photo.thumb.size)
  })

  it('can give a thumbnail away, as a copy', async () => {
    const depot = memoryDepot()
    const photo = await depot.upload(Photo.from(await png()))

    const copy = await depot.upload(UploadedFile.from(await photo.thumb.open()))

    expect(copy).toMatchObject({ filename: 'thumb.png', sha256: photo.thumb.sha256 })
    expect(copy.path).not.toBe(photo.thumb.path)
  })

  it('says which thumbnail was not made when it was stored', async () => {
    const depot = memoryDepot()
    const old = await depot.upload(UploadedImage.from(await png()))

    const photo = Photo.fromJSON(old.toJSON())

    expect(Object.keys(photo.thumbnails)).toEqual([])
    const missing = expect.objectContaining({
      code: 'FILE_NOT_FOUND',
      message: `"${photo.path}" has no thumbnail "thumb": it was stored before the type had one of this name. Store the image again`,
    })
    expect(() => photo.thumb).toThrow(missing)
    expect(() => photo.thumbnails.thumb.url).toThrow(missing)
  })

  it('keeps a thumbnail that its type does not have any more', async () => {
    const photo = await memoryDepot().upload(Photo.from(await png()))

    const loaded = UploadedImage.fromJSON(photo.toJSON())

    expect(Object.keys(loaded.thumbnails)).toEqual(['thumb', 'small'])
    expect(loaded.thumbnails.small?.path).toBe(photo.thumbnails.small.path)
  })

  it('is read from the rows of DEPOT', () => {
    const [main, thumb] = ['4b8e9e6c-5a5f-4d59-9a5c-0c9f0fb5a4a1', '6a52a3f4-1bf1-4a3e-8f52-d3f6e8a8a0b2']
    const row = {
      depot_name: 'images',
      files: [`images/${main}`, `images/${thumb}`],
      file_id: main,
      path: `images/${main}`,
      filename: 'me.jpg',
      content_type: 'image/jpeg',
      uploaded_at: '2020-01-02 03:04:05',
      _public_url: null,
      thumb_id: thumb,
      thumb_path: `images/${thumb}`,
      _thumb_public_url: null,
    }

    const photo = UploadedImageWithThumb.fromJSON(JSON.stringify(row))

    expect(photo.thumb).toMatchObject({ path: `images/${thumb}`, filename: 'thumb', size: undefined })
    expect([photo.width, photo.thumb.width]).toEqual([undefined, undefined])
  })

  it('has nothing of that while it is pending', async () => {
    const photo = Photo.from(await png())

    expect(() => photo.width).toThrow(expect.objectContaining({ code: 'PENDING_FILE' }))
    expect(() => photo.thumb).toThrow(expect.objectContaining({ code: 'PENDING_FILE' }))
  })

  it('is renamed where it becomes another format', async () => {
    const Small = UploadedImage.with({ maxSide: 32, format: 'jpeg' })
    const file = { filename: 'me.holiday.png', mimetype: 'image/x-said', file: await png() }

    const photo = await memoryDepot().upload(Small.from(file))

    expect(photo).toMatchObject({
      filename: 'me.holiday.jpg',
      contentType: 'image/jpeg',
      declaredType: 'image/x-said',
    })
    expect(await facts(await photo.bytes())).toEqual({ format: 'jpeg', width: 32, height: 24 })
  })
})

describe('the options of an upload type', () => {
  it('are those of the type that it is made from, and its own', async () => {
    const Large = Photo.with({ maxSide: 40 })

    const photo = await memoryDepot().upload(Large.from(await png()))

    expect([Large.name, photo.constructor]).toEqual(['Photo', Large])
    expect([photo.width, Object.keys(photo.thumbnails)]).toEqual([40, ['thumb', 'small']])
  })

  it.each<[string, object]>([
    ['options', { maxsize: 10 }],
    ['thumb', { thumbnails: { thumb: { widht: 10 } } }],
    ['maxSide', { maxSide: 0 }],
    ['maxSide', { maxSide: 1.5 }],
    ['quality', { quality: 101 }],
    ['effort', { effort: 10 }],
    ['effort', { effort: -1 }],
    ['effort', { effort: 0.5 }],
    ['format', { format: 'bmp' }],
    ['formats', { formats: ['exe'] }],
    ['formats', { formats: 'png' }],
    ['failOn', { failOn: 'never' }],
    ['limitInputPixels', { limitInputPixels: -1 }],
    ['animated', { animated: 'yes' }],
    ['background', { background: 0xffffff }],
    ['thumb.width', { thumbnails: { thumb: {} } }],
    ['thumb.height', { thumbnails: { thumb: { height: 0 } } }],
    ['thumb.fit', { thumbnails: { thumb: { width: 1, fit: 'fill' } } }],
    ['both width and height', { thumbnails: { thumb: { width: 1, fit: 'cover' } } }],
    ['thumb.format', { thumbnails: { thumb: { width: 1, format: 'svg' } } }],
    ['thumb', { thumbnails: { thumb: undefined } }],
    ['the name of a thumbnail', { thumbnails: { url: { width: 1 } } }],
    ['the name of a thumbnail', { thumbnails: { storage: { width: 1 } } }],
    ['the name of a thumbnail', { thumbnails: { constructor: { width: 1 } } }],
    ['the name of a thumbnail', { thumbnails: { width: { width: 1 } } }],
  ])('are refused at once, with what is wrong about %s: %j', (what, options) => {
    expect(() => UploadedImage.with(options as ImageOptions)).toThrow(
      expect.objectContaining({ code: 'INVALID_ARGUMENT', message: expect.stringContaining(what) }),
    )
  })

  it('are refused when they are used where only sharp can tell', async () => {
    const depot = memoryDepot()
    const Odd = UploadedImage.with({
      thumbnails: { thumb: { width: 1, format: 'jpeg', background: 'no colour' } },
    })

    const uploading = depot.upload(Odd.from(await png()))

    await expect(uploading).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' })
    expect(await pathsOf(depot)).toEqual([])
  })

  it('of DEPOT are set in a subclass', async () => {
    class Avatar extends UploadedImageWithThumb {
      static override maxSide = 40
      static override thumbnailFormat = 'jpeg' as const
      static override thumbnailSize = [12, 12] as const
    }

    const depot = memoryDepot()
    const avatar = await depot.upload(Avatar.from(await png()))
    const plain = await depot.upload(UploadedImageWithThumb.from(await noise(1280, 700).jpeg().toBuffer()))

    expect(avatar.width).toBe(40)
    expect(avatar.thumb).toMatchObject({ filename: 'thumb.jpg', width: 12, height: 9 })
    expect([plain.width, plain.height]).toEqual([1024, 560])
    expect(plain.thumb).toMatchObject({ filename: 'thumb.png', width: 128, height: 70 })
  })
})

describe('thumbnails of a filter', () => {
  it('have the names of DEPOT, and belong to a file of any type', async () => {
    const depot = memoryDepot()
    const filters = [new ThumbnailFilter(), new ThumbnailFilter([12, 12], 'jpeg', { fit: 'cover' })]

    const file = await depot.upload(UploadedFile.from(await noise(200, 100).png().toBuffer()), { filters })

    const thumbnails = thumbnailsOf(file)
    expect(Object.entries(thumbnails).map(([name, { width, height }]) => [name, width, height])).toEqual([
      ['thumb_128x128', 128, 64],
      ['thumb_12x12', 12, 12],
    ])
    expect(thumbnails.thumb_128x128).toMatchObject({ filename: 'thumb_128x128.png' })
    expect(await facts(await thumbnails.thumb_12x12!.bytes())).toEqual({
      format: 'jpeg',
      width: 12,
      height: 12,
    })
    expect(await pathsOf(depot)).toEqual([...file.files].sort())
    expect(file.files).toHaveLength(3)
  })

  it('stand beside those of the type', async () => {
    const photo = await memoryDepot().upload(Photo.from(await png()), {
      filters: [new ThumbnailFilter([8, 8])],
    })

    expect(Object.keys(photo.thumbnails)).toEqual(['thumb', 'small', 'thumb_8x8'])
    expect(photo.files).toHaveLength(4)
  })

  it('are made of a stream, too, which is read from the storage then', async () => {
    const content = new Blob([await png()]).stream()

    const file = await memoryDepot().upload(UploadedFile.from(content), { filters: [new ThumbnailFilter()] })

    expect(thumbnailsOf(file).thumb_128x128).toMatchObject({ width: 64, height: 48 })
  })

  it('need names of their own', async () => {
    const depot = memoryDepot()
    const filters = [new ThumbnailFilter([8, 8], 'png'), new ThumbnailFilter([8, 8], 'jpeg')]

    const uploading = depot.upload(UploadedFile.from(await png()), { filters })

    await expect(uploading).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' })
    expect(await pathsOf(depot)).toEqual([])
  })

  it.each([
    [[0, 8], 'png', {}],
    [[8, 8], 'bmp', {}],
    [[8, 8], 'png', { fit: 'fill' }],
    [[8, 8], 'png', { formats: ['exe'] }],
  ])('cannot be %j in %s with %j', (size, format, options) => {
    const given = [size, format, options] as unknown as ConstructorParameters<typeof ThumbnailFilter>
    const make = () => new ThumbnailFilter(...given)

    expect(make).toThrow(expect.objectContaining({ code: 'INVALID_ARGUMENT' }))
  })
})

describe('what fails', () => {
  /** Fails when a file of this name comes. */
  class Failing extends MemoryBackend {
    constructor(private readonly filename: string) {
      super()
    }
    override async write(id: string, body: FileBody, info: FileInfo, options: object): Promise<void> {
      if (info.filename === this.filename) throw new Error('disk gone')
      await super.write(id, body, info, options)
    }
  }

  it.each(['me.png', 'thumb.png', 'small.jpg'])('leaves nothing, and says why: %s', async (filename) => {
    const depot = memoryDepot(new Failing(filename))

    const uploading = depot.upload(Photo.from(await png(), { filename: 'me.png' }))

    await expect(uploading).rejects.toMatchObject({ code: 'WRITE_FAILED', cause: new Error('disk gone') })
    expect(await pathsOf(depot)).toEqual([])
  })

  it('leaves nothing of a smaller original either', async () => {
    const depot = memoryDepot(new Failing('me.png'))

    const uploading = depot.upload(Photo.with({ maxSide: 20 }).from(await png(), { filename: 'me.png' }))

    await expect(uploading).rejects.toMatchObject({ code: 'WRITE_FAILED' })
    expect(await pathsOf(depot)).toEqual([])
  })
})

describe('how many images are worked on at a time', () => {
  it('is a limit of the process', async () => {
    const usual = imageConcurrency()
    expect(usual).toBeGreaterThanOrEqual(1)
    expect(imageConcurrency(1)).toBe(1)
    try {
      const depot = new DepotManager()
      depot.configure('default', new MemoryBackend())
      const bytes = await png()

      const photos = await Promise.all(Array.from({ length: 8 }, () => depot.upload(Photo.from(bytes))))

      expect(photos.map(({ thumb }) => thumb.width)).toEqual(Array.from({ length: 8 }, () => 32))
    } finally {
      imageConcurrency(usual)
    }
  })

  it.each([0, -1, 1.5, NaN])('cannot be %p', (limit) => {
    expect(() => imageConcurrency(limit)).toThrow(expect.objectContaining({ code: 'INVALID_ARGUMENT' }))
  })
})
