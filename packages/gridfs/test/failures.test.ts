import { describe, expect, it } from '@jest/globals'
import { once } from 'node:events'
import { buffer } from 'node:stream/consumers'
import { setTimeout as sleep } from 'node:timers/promises'
import { FileStorage, newFileId } from '@filedepot/core'
import { GridFSBackend } from '@filedepot/gridfs'
import { MongoNetworkError, MongoServerError, MongoServerSelectionError } from 'mongodb'
import { bytesOf, streamOf } from './support/bytes.ts'
import { onServer, type OpenStorage } from './support/on-server.ts'
import { chunkCount, idsOf, orphans } from './support/stored.ts'

const on = onServer()
const BYTES = bytesOf(5_000_000)
const HELLO = Buffer.from('hello, world')

describe('a server that cannot be used', () => {
  it('fails every operation within the time that is set, where nobody listens', async () => {
    const backend = new GridFSBackend({
      uri: 'mongodb://127.0.0.1:1/files',
      clientOptions: { serverSelectionTimeoutMS: 100 },
    })
    const files = new FileStorage('tested', backend)
    const id = newFileId()
    const before = performance.now()

    const cause = expect.any(MongoServerSelectionError)
    const reached = expect.stringContaining('ECONNREFUSED')
    const failure = (code: string) => expect.objectContaining({ code, cause, message: reached })
    await expect(files.create(HELLO)).rejects.toEqual(failure('WRITE_FAILED'))
    await expect(files.get(id)).rejects.toEqual(failure('READ_FAILED'))
    await expect(files.delete(id)).rejects.toEqual(failure('DELETE_FAILED'))
    await expect(idsOf(backend)).rejects.toEqual(failure('READ_FAILED'))
    expect(performance.now() - before).toBeLessThan(3000)
    await backend.close()
  })

  it('refuses wrong credentials, and the error does not tell them', async () => {
    const uri = on.server.uri.replace('mongodb://', 'mongodb://ada:secret@').replace('/?', '/files?')
    const backend = new GridFSBackend({ uri })

    const failure: unknown = await new FileStorage('tested', backend)
      .create(HELLO)
      .catch((error: unknown) => error)

    expect(failure).toMatchObject({ code: 'WRITE_FAILED', cause: { code: 18 } })
    expect((failure as Error).message).toContain('Authentication failed')
    expect((failure as Error).message).not.toContain('secret')
    await backend.close()
  })

  it('ends the waiting for it when the signal is aborted', async () => {
    const backend = new GridFSBackend({ uri: 'mongodb://127.0.0.1:1/files' })
    const files = new FileStorage('tested', backend)

    await expect(files.create(HELLO, { signal: AbortSignal.timeout(50) })).rejects.toMatchObject({
      code: 'ABORTED',
    })
    const reading = files.read(newFileId(), undefined, { signal: AbortSignal.timeout(50) })
    await expect(reading).rejects.toMatchObject({ code: 'ABORTED' })
    await backend.close()
  })
})

describe('a connection that breaks', () => {
  it('once, in the middle of an upload, is not noticed', async () => {
    const { files, db } = on.open()
    on.server.fail({ failCommands: ['insert'], closeConnection: true }, { skip: 1, times: 1 })

    const id = await files.create(streamOf(BYTES))

    expect((await (await files.get(id)).bytes()).equals(BYTES)).toBe(true)
    expect(await orphans(db)).toEqual([])
  })

  it('again and again fails the upload, of which no chunk stays', async () => {
    const { files, db } = on.open()
    on.server.fail({ failCommands: ['insert'], closeConnection: true }, { skip: 1, times: 2 })

    const uploading = files.create(streamOf(BYTES))

    await expect(uploading).rejects.toMatchObject({
      code: 'WRITE_FAILED',
      message: expect.stringMatching(/connection .* closed/),
    })
    expect(await chunkCount(db)).toBe(0)
  })

  it('once, in the middle of a download, is not noticed', async () => {
    const { files } = on.open()
    const file = await files.get(await files.create(streamOf(BYTES)))
    on.server.fail({ failCommands: ['find'], closeConnection: true }, { skip: 2, times: 1 })

    expect((await file.bytes()).equals(BYTES)).toBe(true)
  })

  it('again and again fails the download, with all that was read before', async () => {
    const { files } = on.open()
    const file = await files.get(await files.create(streamOf(BYTES)))
    on.server.fail({ failCommands: ['find'], closeConnection: true }, { skip: 3 })
    let read = 0

    const reading = (async () => {
      for await (const chunk of file) read += chunk.byteLength
    })()

    await expect(reading).rejects.toThrow(MongoNetworkError)
    expect(read).toBeGreaterThan(1_000_000)
    on.server.restore()
    on.server.fail({ failCommands: ['find'], closeConnection: true }, { skip: 2 })
    await expect(file.bytes()).rejects.toMatchObject({ code: 'READ_FAILED' })
  })

  it('where the file comes to exist, is asked for what happened: the file is there', async () => {
    const { files, db } = on.open()
    const id = await files.create(HELLO)
    // Also the second answer, to the write that the driver sends again.
    on.server.fail({ failCommands: ['findAndModify'], loseReply: true }, { times: 2 })

    await files.replace(id, BYTES)

    expect((await (await files.get(id)).bytes()).equals(BYTES)).toBe(true)
    expect(await orphans(db)).toEqual([])
  })

  it('where the file comes to exist, is asked for what happened: nothing has', async () => {
    const { files, db } = on.open()
    const id = await files.create(HELLO)
    on.server.fail({ failCommands: ['findAndModify'], closeConnection: true }, { times: 2 })

    await expect(files.replace(id, BYTES)).rejects.toMatchObject({ code: 'WRITE_FAILED' })

    expect(await (await files.get(id)).bytes()).toEqual(HELLO)
    expect(await orphans(db)).toEqual([])
  })

  it('for good, where the file comes to exist, never takes bytes that the file may have', async () => {
    const { files, db } = on.open()
    const id = await files.create(HELLO)
    on.server.fail({ failCommands: ['findAndModify'], loseReply: true }, { times: 1 })
    on.server.fail({ failCommands: ['findAndModify'], closeConnection: true })

    await expect(files.replace(id, BYTES)).rejects.toMatchObject({ code: 'WRITE_FAILED' })

    on.server.restore()
    expect((await (await files.get(id)).bytes()).equals(BYTES)).toBe(true)
    await files.delete(id)
    expect(await chunkCount(db)).toBe(0)
  })

  it('while files are deleted, leaves them listed, and the second attempt deletes all', async () => {
    const { files, backend, db } = on.open()
    const ids = [await files.create(HELLO), await files.create(BYTES)]
    on.server.fail({ failCommands: ['delete'], closeConnection: true }, { skip: 1, times: 2 })

    const { failed } = await files.deleteMany([...ids, newFileId()])

    expect(failed.map(({ id }) => id)).toEqual(ids)
    expect(failed[0]?.error).toMatchObject({ code: 'DELETE_FAILED', cause: expect.any(MongoNetworkError) })
    expect(await idsOf(backend)).toEqual([...ids].sort())
    expect(await files.deleteMany(ids)).toEqual({ failed: [] })
    expect(await idsOf(backend)).toEqual([])
    expect(await chunkCount(db)).toBe(0)
  })

  it('once, while files are deleted, is not noticed', async () => {
    const { files, db } = on.open()
    const id = await files.create(HELLO)
    on.server.fail({ failCommands: ['delete'], closeConnection: true }, { times: 1 })

    await files.delete(id)

    expect(await chunkCount(db)).toBe(0)
  })
})

describe('errors of the server', () => {
  it('are the cause of ours, and nothing stays of the upload', async () => {
    const { files, db } = on.open()
    on.server.fail({ failCommands: ['insert'], errorCode: 8 }, { skip: 1, times: 1 })

    const uploading = files.create(streamOf(BYTES))

    await expect(uploading).rejects.toMatchObject({
      code: 'WRITE_FAILED',
      message: expect.stringContaining("Failing command via 'failCommand' failpoint"),
      cause: expect.any(MongoServerError),
    })
    expect(await chunkCount(db)).toBe(0)
  })

  it('that mean that it has no room left say so', async () => {
    const { files, db } = on.open()
    on.server.fail({ failCommands: ['insert'], errorCode: 14_031 }, { times: 1 })

    await expect(files.create(HELLO)).rejects.toMatchObject({ code: 'STORAGE_FULL', cause: { code: 14_031 } })
    expect(await chunkCount(db)).toBe(0)
  })

  it('where the file comes to exist leave the old one, and no chunk of the new one', async () => {
    const { files, db } = on.open()
    const id = await files.create(HELLO)
    on.server.fail({ failCommands: ['findAndModify'], errorCode: 8 }, { times: 1 })

    await expect(files.replace(id, BYTES)).rejects.toMatchObject({ code: 'WRITE_FAILED' })

    expect(await (await files.get(id)).bytes()).toEqual(HELLO)
    expect(await chunkCount(db)).toBe(1)
  })

  it('where the index is made fail the write, and the next one makes it', async () => {
    const { files, db } = on.open()
    on.server.fail({ failCommands: ['createIndexes'], errorCode: 13 }, { times: 1 })

    await expect(files.create(HELLO)).rejects.toMatchObject({ code: 'WRITE_FAILED', cause: { code: 13 } })
    await files.create(HELLO)

    expect(await db.collection('filedepot.chunks').indexes()).toHaveLength(2)
  })

  it('that keep chunks from being removed do not fail the write, and the next one removes them', async () => {
    const { files, db } = on.open()
    const id = await files.create(BYTES)
    on.server.fail({ failCommands: ['delete'], errorCode: 8 }, { times: 2 })
    await files.replace(id, HELLO)
    expect(await orphans(db)).toHaveLength(1)

    await files.create(HELLO)
    await files.backend.close?.()

    expect(await orphans(db)).toEqual([])
  })

  it('that kept replaced chunks from being removed do so no longer when the file is deleted by another process', async () => {
    const { files, db } = on.open()
    const id = await files.create(BYTES)
    on.server.fail({ failCommands: ['delete'], errorCode: 8 }, { times: 2 })
    await files.replace(id, HELLO)

    const { files: other } = on.open({}, {}, db)
    await other.delete(id)

    expect(await chunkCount(db)).toBe(0)
  })
})

describe('an abort while the server does not answer', () => {
  const SILENT_MS = 3500
  const PROMPT_MS = 3000

  /** Makes the server silent to a command and aborts when that has been sent; resolves when the server has run it. */
  async function abortedAt(
    [command, skip]: readonly [string, number],
    { commands }: OpenStorage,
    action: (signal: AbortSignal) => Promise<unknown>,
  ): Promise<void> {
    const silent = { failCommands: [command], blockConnection: true, blockTimeMS: SILENT_MS }
    on.server.fail(silent, { skip, times: 1 })
    commands.length = 0
    const controller = new AbortController()
    const acting = action(controller.signal)
    acting.catch(() => undefined)
    while (commands.filter((name) => name === command).length <= skip) await sleep(5)
    const abortedAt = performance.now()
    controller.abort()

    await expect(acting).rejects.toMatchObject({ code: 'ABORTED' })
    const took = performance.now() - abortedAt
    expect(took).toBeLessThan(PROMPT_MS)
    if (command !== 'find') await sleep(SILENT_MS + 500 - took)
  }

  it.each<[string, string, number]>([
    ['to the index', 'createIndexes', 0],
    ['to the first chunks', 'insert', 0],
    ['to later chunks', 'insert', 1],
    ['where the file comes to exist', 'findAndModify', 0],
  ])('%s ends the upload, and takes back what it does later', async (_, command, skip) => {
    const storage = on.open()
    const { files, backend, db } = storage

    await abortedAt([command, skip], storage, (signal) => files.create(streamOf(BYTES), { signal }))

    expect(await idsOf(backend)).toEqual([])
    expect(await chunkCount(db)).toBe(0)
  })

  it('where a file is replaced leaves the old one', async () => {
    const storage = on.open()
    const { files, db } = storage
    const id = await files.create(HELLO, { metadata: { author: 'Ada' } })

    await abortedAt(['findAndModify', 0], storage, (signal) =>
      files.replace(id, streamOf(BYTES), { signal, filename: 'new.bin' }),
    )

    const file = await files.get(id)
    const now = [file.filename, file.metadata, await file.text()]
    expect(now).toEqual(['unnamed', { author: 'Ada' }, 'hello, world'])
    expect(await orphans(db)).toEqual([])
    expect(await chunkCount(db)).toBe(1)
  })

  it.each([
    ['the question for the file', 0],
    ['the question for its first bytes', 1],
    ['the question for more bytes', 2],
  ] as const)('to %s ends the reading', async (_, skip) => {
    const storage = on.open()
    const { files } = storage
    const id = await files.create(BYTES)

    await abortedAt(['find', skip], storage, async (signal) => {
      const stream = await files.read(id, undefined, { signal })
      await buffer(stream).catch((error: unknown) => {
        throw files.dress('read', id, error, signal)
      })
    })
  })
})

describe('a file that is not what it was', () => {
  it('because it went between the stat and the read is not found', async () => {
    const { files } = on.open()
    const file = await files.get(await files.create(BYTES))

    await files.delete(file)

    await expect(file.bytes()).rejects.toMatchObject({
      code: 'FILE_NOT_FOUND',
      message: `no file "${file.path}"`,
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
