import 'reflect-metadata'
import {
  DepotManager,
  FileIntent,
  fromPath,
  MemoryBackend,
  UploadedFile,
  type FileContent,
} from '@filedepot/core'
import { ThumbnailFilter, thumbnailsOf, UploadedImageWithThumb } from '@filedepot/image'
import { attachDepot, UploadedFileColumn } from '@filedepot/typeorm'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DataSource, Entity, PrimaryGeneratedColumn, Column, type EntityManager } from 'typeorm'
import { pathsOf } from './support/depot.ts'
import { describe as facts, noise } from './support/pictures.ts'

/*
 * The counterparts of the image tests in Python DEPOT's test_fields_sqlalchemy.py, under their names there; the others
 * are in the package of TypeORM. DEPOT runs each with and without a flush: here, a flush is a save within a transaction
 * that ends later.
 */

@Entity()
class Document {
  @PrimaryGeneratedColumn() uid!: number
  @Column('text', { unique: true }) name!: string
  @UploadedFileColumn({ type: UploadedImageWithThumb }) photo!: UploadedImageWithThumb | FileContent | null
  @UploadedFileColumn({ filters: [new ThumbnailFilter([12, 12], 'png')] }) second!:
    UploadedFile | FileContent | null
  @UploadedFileColumn({ type: UploadedImageWithThumb, storage: 'public' })
  published!: UploadedImageWithThumb | FileContent | null
  @UploadedFileColumn({ filters: [new ThumbnailFilter([12, 12], 'png')], storage: 'public' })
  shown!: UploadedFile | FileContent | null
}

class PublicBackend extends MemoryBackend {
  publicUrl(id: string): string {
    return `https://cdn.example/${id}`
  }
}

let folder: string
let path: string
/** A small GIF, as DEPOT's tests have it, and a large JPEG. */
let small: Buffer
let large: Buffer
let depot: DepotManager
let dataSource: DataSource

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'filedepot-images-'))
  path = join(folder, 'fake_file.gif')
  small = await noise(20, 30).gif().toBuffer()
  large = await noise(1280, 900).jpeg({ quality: 40 }).toBuffer()
  await writeFile(path, small)
})

afterAll(async () => {
  await rm(folder, { recursive: true })
})

beforeEach(async () => {
  depot = new DepotManager()
  depot.configure('default', new MemoryBackend())
  depot.configure('public', new PublicBackend())
  dataSource = new DataSource({
    type: 'better-sqlite3',
    database: ':memory:',
    entities: [Document],
    synchronize: true,
  })
  await attachDepot(dataSource, depot).initialize()
})

afterEach(async () => {
  // Whatever a test did: the files are those of the rows.
  const rows = await dataSource.manager.find(Document)
  const files = rows.flatMap(({ photo, second, published, shown }) =>
    [photo, second, published, shown].flatMap((file) => (file instanceof UploadedFile ? file.files : [])),
  )
  expect(await pathsOf(depot)).toEqual(files.sort())
  await dataSource.destroy()
})

type Write = (manager: EntityManager) => Promise<unknown>

async function committedLater(write: Write): Promise<void> {
  await dataSource.transaction(async (manager) => {
    await write(manager)
    await manager.find(Document)
  })
}

async function plainly(write: Write): Promise<void> {
  await write(dataSource.manager)
}

/** Saved, and found again in its row. */
async function created(committed: typeof plainly, fields: Partial<Document>): Promise<Document> {
  const name = 'Foo'
  await committed((manager) => manager.save(Object.assign(new Document(), { name, ...fields })))
  return await dataSource.manager.findOneByOrFail(Document, { name })
}

async function rolledBack(fields: Partial<Document>): Promise<string[]> {
  const uploaded: string[] = []
  depot.on('uploaded', (file) => uploaded.push(file.path))
  const undone = new Error('undone')
  const running = dataSource.transaction(async (manager) => {
    await manager.save(Object.assign(new Document(), { name: 'Foo', ...fields }))
    throw undone
  })
  await expect(running).rejects.toBe(undone)
  return uploaded
}

const part = (bytes: Buffer) => ({ originalname: 'àèìòù.gif', mimetype: 'image/gif', buffer: bytes })

describe.each([
  ['with a flush', committedLater],
  ['without a flush', plainly],
])('%s', (_, committed) => {
  describe('TestSQLAImageAttachments', () => {
    const photoOf = async (content: FileContent) => {
      const { photo } = await created(committed, { photo: content })
      if (!(photo instanceof UploadedImageWithThumb)) throw new Error('Expected an image')
      return photo
    }

    it('create_fromfile: a small one is there as it was, under its name', async () => {
      const photo = await photoOf(fromPath(path))

      expect(Buffer.compare(await photo.bytes(), small)).toBe(0)
      expect(photo).toMatchObject({ filename: 'fake_file.gif', contentType: 'image/gif' })
    })

    it('check_assigned_type: a file of another upload type is refused when it is saved', async () => {
      const saving = created(committed, { photo: UploadedFile.from(small) as UploadedImageWithThumb })

      await expect(saving).rejects.toMatchObject({ code: 'WRONG_UPLOAD_TYPE' })
    })

    it('create_fromfield: a name beyond ASCII stays, and file and thumbnail have URLs of their own', async () => {
      const photo = await photoOf(part(small))

      expect(photo).toMatchObject({ filename: 'àèìòù.gif', contentType: 'image/gif' })
      expect(photo.url).toBe(`/depot/${photo.path}`)
      expect(photo.thumb.url).toBe(`/depot/${photo.thumb.path}`)
      expect(photo.thumb.url).not.toBe(photo.url)
    })

    it('thumbnail: it is there, in its format', async () => {
      const { thumb } = await photoOf(fromPath(path))

      expect(await facts(await thumb.bytes())).toEqual({ format: 'png', width: 20, height: 30 })
      expect((await thumb.open()).contentType).toBe('image/png')
    })

    it('maximum_size: a larger one is stored smaller, its name and type are kept', async () => {
      const photo = await photoOf(new FileIntent(large, { filename: 'large.jpg' }))

      expect(await facts(await photo.bytes())).toEqual({ format: 'jpeg', width: 1024, height: 720 })
      expect(photo).toMatchObject({ filename: 'large.jpg', contentType: 'image/jpeg' })
      expect(await facts(await photo.thumb.bytes())).toEqual({ format: 'png', width: 128, height: 90 })
    })

    it('public_url: that of the storage, for the file and for its thumbnail', async () => {
      const { published } = await created(committed, { published: fromPath(path) })

      const photo = published as UploadedImageWithThumb
      expect(photo.url).toBe(`https://cdn.example/${photo.id}`)
      expect((photo as unknown as { thumb: UploadedFile }).thumb.url).toMatch(
        /^https:\/\/cdn\.example\/.{36}$/,
      )
    })

    it('rollback: the file and its thumbnail go', async () => {
      const uploaded = await rolledBack({ photo: fromPath(path) })

      expect(uploaded).toHaveLength(2)
      expect(await pathsOf(depot)).toEqual([])
    })
  })

  describe('TestSQLAThumbnailFilter', () => {
    const secondOf = async (content: FileContent) => {
      const { second } = await created(committed, { second: content })
      if (!(second instanceof UploadedFile)) throw new Error('Expected a file')
      return { second, thumb: thumbnailsOf(second).thumb_12x12! }
    }

    it('create_fromfile: the file is there as it was, under its name', async () => {
      const { second } = await secondOf(fromPath(path))

      expect(Buffer.compare(await second.bytes(), small)).toBe(0)
      expect(second.filename).toBe('fake_file.gif')
    })

    it('create_from_bytes: they are named "unnamed"', async () => {
      const { second } = await secondOf(small)

      expect(second.filename).toBe('unnamed')
      expect(Buffer.compare(await second.bytes(), small)).toBe(0)
    })

    it('create_fromfield: file and thumbnail have URLs of their own', async () => {
      const { second, thumb } = await secondOf(part(small))

      expect(second).toMatchObject({ filename: 'àèìòù.gif', url: `/depot/${second.path}` })
      expect(thumb.url).toBe(`/depot/${thumb.path}`)
      expect(thumb.path).not.toBe(second.path)
    })

    it('create_fileintent: name and type are those that were said', async () => {
      const content = new FileIntent(small, { filename: 'said.gif', contentType: 'image/x-said' })

      const { second } = await secondOf(content)

      expect(second).toMatchObject({ filename: 'said.gif', contentType: 'image/x-said' })
    })

    it('thumbnail: it is there, in its format', async () => {
      const { thumb } = await secondOf(fromPath(path))

      expect(await facts(await thumb.bytes())).toEqual({ format: 'png', width: 8, height: 12 })
      expect(thumb).toMatchObject({ filename: 'thumb_12x12.png', width: 8, height: 12 })
    })

    it('public_url: that of the storage, for the file and for its thumbnail', async () => {
      const { shown } = await created(committed, { shown: fromPath(path) })

      const file = shown as UploadedFile
      expect(file.url).toBe(`https://cdn.example/${file.id}`)
      const thumb = thumbnailsOf(file).thumb_12x12
      expect(thumb?.url).toBe(`https://cdn.example/${thumb?.id ?? ''}`)
    })

    it('rollback: the file and its thumbnail go', async () => {
      const uploaded = await rolledBack({ second: fromPath(path) })

      expect(uploaded).toHaveLength(2)
      expect(await pathsOf(depot)).toEqual([])
    })
  })
})
