import { describe, expect, it } from '@jest/globals'
import { mkdir, rm, stat, utimes, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { LocalBackend } from '../../../src/backends/local/local-backend.ts'
import type { LocalBackendOptions } from '../../../src/backends/local/local-backend-options.ts'
import { DepotManager } from '../../../src/depot/depot-manager.ts'
import { FileStorage } from '../../../src/storage/file-storage.ts'
import { bindManager } from '../../../src/upload/manager-binding.ts'
import { UploadedFile } from '../../../src/upload/uploaded-file.ts'
import { bytesOf } from '../../support/bytes.ts'
import { failure } from '../../support/failure.ts'
import { treeOf } from '../../support/folders.ts'
import { idsOf } from '../../support/storages.ts'
import { temporaryFolders } from '../../support/temporary-folder.ts'

const temporaryFolder = temporaryFolders()

/** Of the versions 1 and 4, as DEPOT's storages made them. */
const OLD = ['2b2a9e0c-3c1f-11ee-8d7c-0242ac120002', 'f3b1c2d4-5e6f-4a1b-9c2d-3e4f5a6b7c8d'] as const
const [V1, V4] = OLD

const pdf = {
  filename: '些公.pdf',
  content_type: 'application/pdf',
  content_length: 5,
  last_modified: '2019-03-04 05:06:07',
}

/** Stores a file as DEPOT does: a folder, the bytes in it, then the metadata beside them. */
async function depotFile(
  folder: string,
  id: string,
  {
    bytes = Buffer.from('hello'),
    metadata = JSON.stringify(pdf),
  }: Partial<Record<'bytes', Buffer>> & { metadata?: string } = {},
): Promise<void> {
  await mkdir(join(folder, id))
  await writeFile(join(folder, id, 'file'), bytes)
  await writeFile(join(folder, id, 'metadata.json'), metadata)
}

async function depotFolder(options: LocalBackendOptions = {}) {
  const folder = await temporaryFolder()
  await depotFile(folder, V1)
  return {
    folder,
    files: new FileStorage('old', new LocalBackend(folder, { pythonDepot: true, ...options })),
  }
}

describe.each([
  ['on a disk of this machine', {}],
  ['on a network mount', { networkMount: true }],
])('the files of Python’s DEPOT, %s', (_, options) => {
  it('are read with what DEPOT knows of them', async () => {
    const { folder, files } = await depotFolder(options)
    const large = { ...pdf, content_length: 300_000 }
    await depotFile(folder, V4, { bytes: bytesOf(300_000), metadata: JSON.stringify(large) })

    const [small, big] = [await files.get(V1), await files.get(V4)]

    expect(small).toMatchObject({
      filename: '些公.pdf',
      contentType: 'application/pdf',
      size: 5,
      sha256: undefined,
      lastModified: new Date('2019-03-04T05:06:07Z'),
      metadata: {},
    })
    expect(await small.text()).toBe('hello')
    expect(big.size).toBe(300_000)
    expect((await big.bytes()).equals(bytesOf(300_000))).toBe(true)
  })

  it('are listed with the others, in order', async () => {
    const { folder, files } = await depotFolder(options)
    await depotFile(folder, V4)
    const own = await files.create(Buffer.from('own'))

    const all = await idsOf(files)

    expect(all).toEqual([own, V1, V4].sort())
    const after: string[] = []
    for await (const id of files.list({ after: V1 })) after.push(id)
    expect(after).toEqual([V4])
  })

  it('are listed once, and in order, where ours begin with the same digits or replace them', async () => {
    const { folder, files } = await depotFolder(options)
    const [ours, info] = [
      new LocalBackend(folder),
      { filename: 'a', contentType: 'a/b', size: 3, sha256: undefined },
    ]
    const next = V1.replace('2b2a9e0c', '2b2a9e0d')
    // Without the option, so that DEPOT's own stays.
    for (const id of [next, V1]) await ours.write(id, Buffer.from('own'), { ...info, metadata: {} }, {})

    expect(await idsOf(files)).toEqual([V1, next])
    expect(await (await files.get(V1)).text()).toBe('own')
    await files.deleteMany([V1, next])
    expect(await treeOf(folder)).toEqual([])
  })

  it('are deleted with their folder', async () => {
    const { folder, files } = await depotFolder(options)
    await depotFile(folder, V4)

    await files.deleteMany([V1, V4])

    expect(await treeOf(folder)).toEqual([])
    expect(await files.exists(V1)).toBe(false)
  })

  it('are stored as our own when they are replaced, and deleted as such', async () => {
    const { folder, files } = await depotFolder(options)
    const before = await files.get(V1)

    await files.replace(V1, Buffer.from('new bytes'))

    const file = await files.get(V1)
    expect(file).toMatchObject({ filename: '些公.pdf', size: 9 })
    expect(file.etag).not.toBe(before.etag)
    expect([await file.text(), await before.text()]).toEqual(['new bytes', 'new bytes'])
    expect(await idsOf(files)).toEqual([V1])
    expect(await treeOf(folder)).not.toContain(`${V1}/`)
    await files.delete(V1)
    expect(await idsOf(files)).toEqual([])
  })
})

describe('a folder of Python’s DEPOT', () => {
  it('has only our own files without the option', async () => {
    const { folder } = await depotFolder()
    const files = new FileStorage('new', new LocalBackend(folder))
    const own = await files.create(Buffer.from('own'))

    await files.delete(V1)

    expect(await idsOf(files)).toEqual([own])
    expect((await failure(files.get(V1))).code).toBe('FILE_NOT_FOUND')
    expect(await treeOf(folder)).toContain(`${V1}/file`)
  })

  it('may have folders and files of others, which stay', async () => {
    const { folder, files } = await depotFolder()
    await mkdir(join(folder, 'backup'))
    await mkdir(join(folder, V1, 'notes'))
    await mkdir(join(folder, V4))
    const name = '3c3a9e0c-3c1f-11ee-8d7c-0242ac120002'
    await writeFile(join(folder, name), 'a file of the name of an id')

    expect(await idsOf(files)).toEqual([V1])
    expect([await files.exists(name), await files.exists(V4)]).toEqual([false, false])
    await files.deleteMany([V1, name])

    expect(await treeOf(folder)).toEqual([`${V1}/`, `${V1}/notes/`, 'backup/', name, `${V4}/`].sort())
    expect(await idsOf(files)).toEqual([])
  })

  it('has no file where the metadata are missing, and loses what is left of it on deletion', async () => {
    const { folder, files } = await depotFolder()
    await rm(join(folder, V1, 'metadata.json'))

    expect(await files.exists(V1)).toBe(false)
    expect((await failure(files.get(V1))).code).toBe('FILE_NOT_FOUND')
    expect(await idsOf(files)).toEqual([])
    await files.delete(V1)
    expect(await treeOf(folder)).toEqual([])
  })

  it.each(['{"filename": "a', '[]', 'null', ''])(
    'says that metadata cannot be read: %s',
    async (metadata) => {
      const { folder, files } = await depotFolder()
      await depotFile(folder, V4, { metadata })

      const error = await failure(files.get(V4))

      expect(error.code).toBe('CORRUPT_FILE')
      expect(error.message).toContain(join(folder, V4, 'metadata.json'))
      expect(await idsOf(files)).toEqual([V1, V4])
      await files.delete(V4)
      expect(await idsOf(files)).toEqual([V1])
    },
  )

  it('fills in what metadata leave open, from the bytes', async () => {
    const { folder, files } = await depotFolder()
    await depotFile(folder, V4, { metadata: '{"filename": null, "last_modified": "yesterday"}' })
    const modified = new Date('2018-01-02T03:04:05Z')
    await utimes(join(folder, V4, 'file'), modified, modified)

    expect(await files.get(V4)).toMatchObject({
      filename: 'unnamed',
      contentType: 'application/octet-stream',
      size: 5,
      lastModified: modified,
    })
  })

  it('cleans names, which DEPOT kept as they came', async () => {
    const { folder, files } = await depotFolder()
    await depotFile(folder, V4, { metadata: JSON.stringify({ ...pdf, filename: '../../etc/\r\npasswd' }) })

    expect((await files.get(V4)).filename).toBe('passwd')
  })

  it('says where the bytes are gone, or are too few', async () => {
    const { folder, files } = await depotFolder()
    await rm(join(folder, V1, 'file'))
    await depotFile(folder, V4, { bytes: Buffer.from('hell') })

    const [gone, cut] = [await files.get(V1), await files.get(V4)]

    expect([gone.size, cut.size]).toEqual([5, 5])
    expect((await failure(gone.bytes())).code).toBe('CORRUPT_FILE')
    expect((await failure(cut.bytes())).code).toBe('CORRUPT_FILE')
  })

  it('changes the etag where DEPOT replaces a file', async () => {
    const { folder, files } = await depotFolder()
    const before = await files.get(V1)
    const { mtime } = await stat(join(folder, V1, 'file'))

    await writeFile(join(folder, V1, 'file'), 'HELLO')
    await utimes(join(folder, V1, 'file'), mtime, new Date(mtime.getTime() + 1000))

    expect((await files.get(V1)).etag).not.toBe(before.etag)
  })

  it('serves the rows that DEPOT has written', async () => {
    const { folder } = await depotFolder()
    const depot = new DepotManager()
    depot.configure('avatars', new LocalBackend(folder, { pythonDepot: true }))
    const column = JSON.stringify({
      depot_name: 'avatars',
      files: [`avatars/${V1}`],
      file_id: V1,
      path: `avatars/${V1}`,
      filename: '些公.pdf',
      content_type: 'application/pdf',
      uploaded_at: '2019-03-04 05:06:07',
      _public_url: null,
    })

    const value = UploadedFile.fromJSON(column)
    bindManager(value, depot)

    expect(value).toMatchObject({ path: `avatars/${V1}`, contentType: 'application/pdf', size: undefined })
    expect(await (await value.open()).text()).toBe('hello')
  })
})
