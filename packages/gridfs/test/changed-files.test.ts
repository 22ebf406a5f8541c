import { describe, expect, it } from '@jest/globals'
import { once } from 'node:events'
import { buffer } from 'node:stream/consumers'
import { setTimeout as sleep } from 'node:timers/promises'
import { bytesOf, streamOf } from './support/bytes.ts'
import { onServer } from './support/on-server.ts'
import { chunkCount, orphans } from './support/stored.ts'

const on = onServer()
const BYTES = bytesOf(5_000_000)
const HELLO = Buffer.from('hello, world')

describe('a file that is not what it was', () => {
  it('because it went between the stat and the read is not found', async () => {
    const { files } = on.open()
    const file = await files.get(await files.create(BYTES))

    await files.delete(file)

    await expect(file.bytes()).rejects.toMatchObject({
      code: 'FILE_NOT_FOUND',
      message: `No file has the path "${file.path}"`,
    })
  })

  it.each<[string, object]>([
    ['lost a chunk', { n: 1 }],
    ['lost all chunks', {}],
  ])('because it %s is corrupt', async (_, filter) => {
    const { files, db } = on.open()
    const file = await files.get(await files.create(BYTES))
    await db.collection('filedepot.chunks').deleteMany(filter)

    await expect(file.bytes()).rejects.toMatchObject({ code: 'CORRUPT_FILE' })
  })

  it('because a chunk is shorter than it was is corrupt, also in its later part', async () => {
    const { files, db } = on.open()
    const file = await files.get(await files.create(BYTES))
    await db.collection('filedepot.chunks').updateOne({ n: 15 }, { $set: { data: Buffer.from('short') } })

    const reading = buffer(await file.stream())

    await expect(reading).rejects.toMatchObject({ code: 'CORRUPT_FILE' })
    expect((await buffer(await file.stream({ start: 0, end: 99 }))).equals(BYTES.subarray(0, 100))).toBe(true)
  })

  it('because another process has replaced it is read in its new form, from the start', async () => {
    const { files, db } = on.open()
    const { files: other } = on.open({}, {}, db)
    const id = await files.create(BYTES)
    // Between the question for the file and that for its bytes.
    on.server.fail({ failCommands: ['find'], blockConnection: true, blockTimeMS: 300 }, { skip: 1, times: 1 })

    const reading = files.read(id)
    await sleep(100)
    await other.replace(id, HELLO)

    expect(await buffer(await reading)).toEqual(HELLO)
  })

  it('because another process has replaced it half-way says so', async () => {
    const { files, db } = on.open()
    const { files: other } = on.open({}, {}, db)
    const large = bytesOf(12_000_000)
    const id = await files.create(streamOf(large))
    const stream = await files.read(id)
    await once(stream, 'readable')

    await other.replace(id, HELLO)

    await expect(buffer(stream)).rejects.toMatchObject({
      code: 'READ_FAILED',
      message: expect.stringContaining('replaced while it was read'),
    })
  })

  it('because this process has deleted it can be read to its end', async () => {
    const { files, db } = on.open()
    const id = await files.create(streamOf(BYTES))
    const stream = await files.read(id)

    await files.delete(id)
    expect((await buffer(stream)).equals(BYTES)).toBe(true)

    await files.backend.close?.()
    expect(await chunkCount(db)).toBe(0)
  })

  it('holds its chunks no longer than its readers read', async () => {
    const { files, db } = on.open()
    const id = await files.create(streamOf(BYTES))
    const stream = await files.read(id)
    await files.replace(id, HELLO)
    expect(await orphans(db)).toHaveLength(1)

    stream.destroy()
    await once(stream, 'close')
    await files.backend.close?.()

    expect(await orphans(db)).toEqual([])
  })
})
