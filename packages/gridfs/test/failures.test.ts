import { describe, expect, it } from '@jest/globals'
import { FileStorage } from '@filedepot/core'
import { newFileId } from '@filedepot/core/backend'
import { GridFSBackend } from '@filedepot/gridfs'
import { startMongoServer } from '@filedepot/testing/mongo-server'
import { setTimeout as sleep } from 'node:timers/promises'
import { MongoClient, MongoNetworkError, MongoServerError, MongoServerSelectionError } from 'mongodb'
import { bytesOf, streamOf } from './support/bytes.ts'
import { onServer } from './support/on-server.ts'
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
    expect(performance.now() - before).toBeLessThan(20_000)
    await backend.close()
  })

  it('refuses wrong credentials, and the error does not tell them', async () => {
    const uri = on.uriOf('files').replace('mongodb://', 'mongodb://ada:secret@')
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

  it('where the file comes to exist, and is late, lets no file exist whose chunks were removed', async () => {
    const { files, backend, db } = on.open({}, { socketTimeoutMS: 300 })
    // The driver gives up twice before the server has begun.
    const late = { failCommands: ['findAndModify'], blockConnection: true, blockTimeMS: 1500 }
    on.server.fail(late, { times: 2 })

    await expect(files.create(HELLO)).rejects.toMatchObject({ code: 'WRITE_FAILED' })

    await sleep(2500)
    expect(await idsOf(backend)).toEqual([])
    expect(await chunkCount(db)).toBe(0)
  })

  it('for good, where the file comes to exist, never takes bytes that the file may have', async () => {
    const { files, db } = on.open()
    const id = await files.create(HELLO)
    on.server.fail({ failCommands: ['findAndModify'], loseReply: true }, { times: 1 })
    on.server.fail({ failCommands: ['findAndModify'], closeConnection: true })

    await expect(files.replace(id, BYTES)).rejects.toMatchObject({
      code: 'WRITE_UNCERTAIN',
      path: files.path(id),
    })

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

describe('a server that stands alone', () => {
  it('stores, replaces and deletes, and tells what happened where an answer is lost', async () => {
    const server = await startMongoServer({ replicaSet: null })
    const client = new MongoClient(server.uri)
    const db = client.db('files')
    const backend = new GridFSBackend({ db })
    const files = new FileStorage('tested', backend)
    const id = await files.create(HELLO)

    server.fail({ failCommands: ['findAndModify'], loseReply: true }, { times: 1 })
    await files.replace(id, streamOf(BYTES))

    expect((await (await files.get(id)).bytes()).equals(BYTES)).toBe(true)
    expect(await orphans(db)).toEqual([])
    await files.delete(id)
    expect(await chunkCount(db)).toBe(0)
    await client.close()
    await server.close()
  })
})
