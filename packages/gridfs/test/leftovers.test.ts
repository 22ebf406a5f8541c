import { describe, expect, it } from '@jest/globals'
import { newFileId } from '@filedepot/core/backend'
import { Binary, ObjectId, type Db } from 'mongodb'
import { bytesOf } from './support/bytes.ts'
import { onServer } from './support/on-server.ts'
import { realServerUri } from './support/real-server.ts'
import { chunkCount, orphans } from './support/stored.ts'

const on = onServer(realServerUri)
const HOUR = 60 * 60 * 1000

/** Chunks as a process leaves them that was killed so long ago, in milliseconds. */
async function leave(db: Db, age: number): Promise<ObjectId> {
  const seconds = Math.floor((Date.now() - age) / 1000)
  const files_id = new ObjectId(seconds.toString(16).padStart(8, '0') + new ObjectId().toHexString().slice(8))
  const chunks = [0, 1].map((n) => ({ files_id, n, data: new Binary(bytesOf(3)) }))
  await db.collection('filedepot.chunks').insertMany(chunks)
  return files_id
}

describe('chunks that no file names', () => {
  it('are deleted if they are old, and no others', async () => {
    const { backend, files, db } = on.open()
    const id = await files.create(bytesOf(9))
    const other = { _id: new ObjectId(), length: 3, chunkSize: 3, uploadDate: new Date(0) }
    await db.collection('filedepot.files').insertOne(other)
    await db
      .collection('filedepot.chunks')
      .insertOne({ files_id: other._id, n: 0, data: new Binary(bytesOf(3)) })
    await db
      .collection('filedepot.chunks')
      .insertOne({ files_id: 'of others', n: 0, data: new Binary(bytesOf(3)) })
    await leave(db, 3 * HOUR)
    const young = await leave(db, 0)

    expect(await backend.sweepLeftovers({ olderThan: new Date(Date.now() - HOUR) })).toBe(1)

    expect(await orphans(db)).toEqual(expect.arrayContaining([young.toHexString()]))
    expect(await chunkCount(db)).toBe(5)
    expect((await (await files.get(id)).bytes()).byteLength).toBe(9)
  })

  it('are not looked for before the time of an id', async () => {
    const { backend, files, db } = on.open()
    await files.create(bytesOf(1))
    await leave(db, 3 * HOUR)

    expect(await backend.sweepLeftovers({ olderThan: new Date(), after: newFileId() })).toBe(0)
    expect(await backend.sweepLeftovers({ olderThan: new Date() })).toBe(1)
  })
})
