import { describe, expect, it } from '@jest/globals'
import { once } from 'node:events'
import { buffer } from 'node:stream/consumers'
import { pipeline } from 'node:stream/promises'
import { GridFSBucket, ObjectId } from 'mongodb'
import { connected } from './connected.ts'

const on = connected()

describe("the driver's own GridFS on the MongoDB test server", () => {
  it('stores 20 MB and reads every byte, and parts', async () => {
    const bucket = new GridFSBucket(on.db)
    const bytes = Buffer.alloc(20_000_003, 'a pattern of a length that divides nothing')

    const upload = bucket.openUploadStream('large.bin')
    await pipeline([bytes], upload)

    expect((await buffer(bucket.openDownloadStream(upload.id))).equals(bytes)).toBe(true)
    const part = bucket.openDownloadStream(upload.id, { start: 260_000, end: 600_000 })
    expect((await buffer(part)).equals(bytes.subarray(260_000, 600_000))).toBe(true)
  })

  it('gives up an upload without a trace', async () => {
    const bucket = new GridFSBucket(on.db)
    const upload = bucket.openUploadStreamWithId(new ObjectId(), 'aborted.bin')
    upload.write(Buffer.alloc(1_000_000))
    await once(upload, 'drain')

    await upload.abort()

    expect(await on.db.collection('fs.chunks').countDocuments()).toBe(0)
    expect(await bucket.find().toArray()).toEqual([])
  })
})
