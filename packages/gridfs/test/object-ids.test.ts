import { describe, expect, it } from '@jest/globals'
import { pipeline } from 'node:stream/promises'
import { DepotManager, UploadedFile, type StorageBackend } from '@filedepot/core'
import { newFileId } from '@filedepot/core/backend'
import fc from 'fast-check'
import { GridFSBucket, ObjectId, type Db } from 'mongodb'
import { bytesOf } from './support/bytes.ts'
import { onServer } from './support/on-server.ts'
import { realServerUri } from './support/real-server.ts'
import { chunkCount, idsOf, orphans } from './support/stored.ts'

const on = onServer(realServerUri)
const BYTES = bytesOf(600_000)

/** As Python's DEPOT does with `GridFS.put`: the ids are made by the driver, its own fields are beside the others. */
async function storeAsDepot(db: Db, fields: object): Promise<string> {
  const upload = new GridFSBucket(db, { bucketName: 'filedepot' }).openUploadStream('report.pdf')
  await pipeline([BYTES], upload)
  await db.collection('filedepot.files').updateOne({ _id: upload.id }, { $set: fields })
  return upload.id.toHexString()
}

const DEPOT_FIELDS = { content_type: 'application/pdf', last_modified: '2015-03-04 05:06:07' }

describe('files that are stored under an ObjectId', () => {
  it("are read with the name, type and time of Python's DEPOT", async () => {
    const { files, db } = on.open({ objectIds: true })
    const id = await storeAsDepot(db, DEPOT_FIELDS)

    const file = await files.get(id.toUpperCase())

    expect(file).toMatchObject({
      id,
      filename: 'report.pdf',
      contentType: 'application/pdf',
      size: 600_000,
      sha256: undefined,
      lastModified: new Date('2015-03-04T05:06:07Z'),
      metadata: {},
    })
    expect((await file.bytes()).equals(BYTES)).toBe(true)
  })

  it('have the time of the upload where that of DEPOT makes no sense, and the type that pymongo writes', async () => {
    const { files, db } = on.open({ objectIds: true })
    const id = await storeAsDepot(db, { contentType: 'text/x-a', last_modified: '2015-99-99 00:00:00' })

    const { contentType, lastModified } = await files.get(id)

    expect(contentType).toBe('text/x-a')
    expect(Math.abs(Date.now() - lastModified.getTime())).toBeLessThan(60_000)
  })

  it('are what the rows of DEPOT name', async () => {
    const { backend, db } = on.open({ objectIds: true })
    const id = await storeAsDepot(db, DEPOT_FIELDS)
    const depot = new DepotManager()
    depot.configure('default', backend)
    const row = {
      depot_name: 'default',
      files: [`default/${id}`],
      file_id: id,
      path: `default/${id}`,
      filename: 'report.pdf',
      content_type: 'application/pdf',
      uploaded_at: '2015-03-04 05:06:07',
      _public_url: null,
    }

    const file = await depot.getFile(UploadedFile.fromJSON(row).path)

    expect((await file.bytes()).equals(BYTES)).toBe(true)
    await depot.deleteFiles([file.path])
    expect(await db.collection('filedepot.files').countDocuments()).toBe(0)
  })

  it('are replaced under their id, and deleted, without a chunk left', async () => {
    const { files, backend, db } = on.open({ objectIds: true })
    const [first, second] = [await storeAsDepot(db, DEPOT_FIELDS), await storeAsDepot(db, DEPOT_FIELDS)]

    await files.replace(first, Buffer.from('new'))

    expect(await (await files.get(first)).text()).toBe('new')
    expect(await chunkCount(db)).toBe(1 + 3)
    expect(await backend.delete([first, second, new ObjectId().toHexString()])).toEqual({ failed: [] })
    expect(await chunkCount(db)).toBe(0)
    expect(await orphans(db)).toEqual([])
  })

  it('are copied from, into any other storage', async () => {
    const { files, db } = on.open({ objectIds: true })
    const id = await storeAsDepot(db, DEPOT_FIELDS)
    const { files: other } = on.open()

    const copy = await other.create(await files.get(id))

    expect((await (await other.get(copy)).bytes()).equals(BYTES)).toBe(true)
    await expect(other.replace(await files.get(id), await files.get(id))).rejects.toMatchObject({
      code: 'INVALID_FILE_ID',
    })
  })

  it('are no files unless that is asked for', async () => {
    const { files, backend, db } = on.open()
    const id = await storeAsDepot(db, DEPOT_FIELDS)

    await expect(files.get(id)).rejects.toMatchObject({ code: 'INVALID_FILE_ID' })
    await expect(files.delete(id)).rejects.toMatchObject({ code: 'INVALID_FILE_ID' })
    expect(await idsOf(backend)).toEqual([])
  })

  it('are listed in one order with the others, after any id', async () => {
    const { backend, db } = on.open({ objectIds: true })
    const ids = fc.oneof(
      fc.uuid(),
      fc.stringMatching(/^[0-9a-f]{24}$/),
      // Such as begin alike.
      fc.constantFrom(
        '507f1f77-bcf8-4cd7-8994-390110000000',
        '507f1f77bcf86cd799439011',
        '507f1f78bcf86cd799439011',
      ),
    )

    await fc.assert(
      fc.asyncProperty(fc.uniqueArray(ids, { maxLength: 12 }), fc.option(ids), async (stored, after) => {
        const documents = stored.map((id) => ({ _id: keyOf(id) as never, length: 0 }))
        await db.collection('filedepot.files').deleteMany({})
        if (documents.length > 0) await db.collection('filedepot.files').insertMany(documents)

        const wanted = stored.sort().filter((id) => after === null || id > after)
        expect(await idsOf(backend, after ?? undefined)).toEqual(wanted)
      }),
      { numRuns: 150 },
    )
  })

  it('never are new files', async () => {
    const { files, backend } = on.open({ objectIds: true })

    const id = await files.create(Buffer.from('new'))

    expect((backend satisfies StorageBackend).parseId(id)).toBeUndefined()
    expect(id).toHaveLength(newFileId().length)
  })
})

function keyOf(id: string): ObjectId | string {
  return id.length === 24 ? new ObjectId(id) : id
}
