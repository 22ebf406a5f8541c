import { describe, expect, it, jest } from '@jest/globals'
import { createHash } from 'node:crypto'
import { buffer } from 'node:stream/consumers'
import { FiledepotError, FileStorage } from '@filedepot/core'
import { newFileId } from '@filedepot/core/backend'
import { GridFSBackend } from '@filedepot/gridfs'
import { Binary, ObjectId, type Db } from 'mongodb'
import { MongoClient as OtherClient } from 'mongodb-6'
import { bytesOf, streamOf } from './support/bytes.ts'
import { onServer } from './support/on-server.ts'
import { realServerUri } from './support/real-server.ts'
import { chunkCount, idsOf } from './support/stored.ts'

const on = onServer(realServerUri)
const HELLO = Buffer.from('hello, world')

describe('GridFSBackend', () => {
  it('makes nothing before the first write, and the index with it', async () => {
    const { backend, files, db } = on.open()
    expect(await idsOf(backend)).toEqual([])
    expect(await backend.stat(newFileId())).toBeUndefined()
    expect(await db.listCollections().toArray()).toEqual([])

    await files.create(HELLO)

    const names = (await db.listCollections().toArray()).map(({ name }) => name)
    expect(names.sort()).toEqual(['filedepot.chunks', 'filedepot.files'])
    expect(await db.collection('filedepot.chunks').indexes()).toMatchObject([
      { name: '_id_' },
      { key: { files_id: 1, n: 1 }, unique: true },
    ])
  })

  it('keeps the fields of GridFS, the id as text in `_id`, and what is ours in `metadata`', async () => {
    const { files, db } = on.open()
    const metadata = { author: 'Ада', 'a.$b': '' }

    const id = await files.create(HELLO, { filename: '$hello.txt', metadata })

    const content = expect.any(ObjectId)
    expect(await db.collection('filedepot.files').find().toArray()).toEqual([
      {
        _id: id,
        length: 12,
        chunkSize: 261_120,
        uploadDate: expect.any(Date),
        filename: '$hello.txt',
        metadata: {
          contentType: 'text/plain',
          sha256: createHash('sha256').update(HELLO).digest('hex'),
          content,
          custom: [
            { key: 'author', value: 'Ада' },
            { key: 'a.$b', value: '' },
          ],
        },
      },
    ])
    const [chunk] = await db.collection('filedepot.chunks').find().toArray()
    expect(chunk).toEqual({
      _id: expect.any(ObjectId),
      files_id: content,
      n: 0,
      data: expect.any(Binary),
    })
    expect((chunk?.data as Binary).value()).toEqual(HELLO)
  })

  it('stores and replaces in as few commands as there are things to say', async () => {
    const { backend, files, commands } = on.open()
    const id = await files.create(HELLO)
    expect(commands).toEqual(['createIndexes', 'insert', 'findAndModify'])

    expect(await commandsOf(() => files.create(HELLO))).toEqual(['insert', 'findAndModify'])
    expect(await commandsOf(() => files.create(new Uint8Array()))).toEqual(['findAndModify'])
    expect(await commandsOf(() => backend.stat(id))).toEqual(['find'])
    expect(await commandsOf(async () => await buffer(await backend.read(id)))).toEqual(['find', 'find'])
    expect(await commandsOf(() => backend.write(id, HELLO, infoOf(), {}))).toEqual([
      'insert',
      'findAndModify',
      'delete',
    ])
    expect(await commandsOf(() => backend.delete([id]))).toEqual(['find', 'delete', 'delete'])
    expect(await commandsOf(() => backend.delete([id]))).toEqual(['find'])

    async function commandsOf(action: () => Promise<unknown>): Promise<string[]> {
      commands.length = 0
      await action()
      return [...commands]
    }
  })

  it('deletes 2,500 files in three rounds', async () => {
    const { backend, db, commands } = on.open()
    const ids = Array.from({ length: 2500 }, () => newFileId())
    for (const id of ids.slice(0, 20)) await backend.write(id, HELLO, infoOf(), {})
    const kept = newFileId()
    await backend.write(kept, HELLO, infoOf(), {})
    commands.length = 0

    expect(await backend.delete(ids)).toEqual({ failed: [] })

    expect(commands).toEqual(['find', 'delete', 'delete', 'find', 'find'])
    expect(await idsOf(backend)).toEqual([kept])
    expect(await chunkCount(db)).toBe(1)
  })

  it('cuts files into chunks of the size that it is told, and reads every part of them', async () => {
    const { backend, files, db } = on.open({ bucketName: 'pictures', chunkSizeBytes: 1000 })
    const bytes = bytesOf(70_500)

    const id = await files.create(streamOf(bytes))

    expect(await chunkCount(db, 'pictures')).toBe(71)
    for (const [start, end] of [
      [0, 70_499],
      [0, 999],
      [999, 1000],
      [1000, 1999],
      [1500, 3500],
      [70_000, 70_499],
      [70_499, 99_999],
    ] as const) {
      const part = await buffer(await backend.read(id, { start, end }))
      expect(part.equals(bytes.subarray(start, end + 1))).toBe(true)
    }
  })

  it('reads files of another chunk size than it writes', async () => {
    const { backend, db } = on.open({ chunkSizeBytes: 1000 })
    const bytes = bytesOf(12_345)
    const id = newFileId()
    await backend.write(id, bytes, infoOf(), {})

    const { backend: other } = on.open({ chunkSizeBytes: 64 }, {}, db)

    expect((await buffer(await other.read(id))).equals(bytes)).toBe(true)
  })

  it('lists only what can be one of its files', async () => {
    const { backend, files, db } = on.open()
    const id = await files.create(HELLO)
    const others = [new ObjectId(), 'report.pdf', 7].map((_id) => ({ _id: _id as never, length: 0 }))
    await db.collection('filedepot.files').insertMany(others)

    expect(await idsOf(backend)).toEqual([id])
  })

  it('says that a file cannot be read whose document makes no sense', async () => {
    const { backend, files, db } = on.open()
    const id = await files.create(HELLO)
    await db.collection('filedepot.files').updateOne({}, { $set: { length: 'twelve' } })

    await expect(files.get(id)).rejects.toMatchObject({ code: 'CORRUPT_FILE' })
    await expect(backend.read(id)).rejects.toMatchObject({ code: 'CORRUPT_FILE' })
    await files.delete(id)
    expect(await chunkCount(db)).toBe(0)
  })
})

describe('a GridFSBackend and its client', () => {
  it('uses the database of the URI, or the one that is named', async () => {
    const [first, second] = [on.newDb(), on.newDb()]
    const uri = on.uriOf(first.databaseName)
    const byUri = new GridFSBackend({ uri })
    const byName = new GridFSBackend({ uri, database: second.databaseName })

    await byUri.write(newFileId(), HELLO, infoOf(), {})
    await byName.write(newFileId(), HELLO, infoOf(), {})

    expect(await chunkCount(first)).toBe(1)
    expect(await chunkCount(second)).toBe(1)
    await Promise.all([byUri.close(), byName.close()])
    await expect(byUri.stat(newFileId())).rejects.toThrow('Cannot use the storage after it was closed')
  })

  it('calls a factory once, however many ask at first, and again only where it failed', async () => {
    const db = on.newDb()
    const factory = jest.fn<() => Promise<Db>>().mockRejectedValueOnce(new Error('not yet'))
    factory.mockResolvedValue(db)
    const backend = new GridFSBackend({ db: factory })
    expect(factory).not.toHaveBeenCalled()

    await expect(backend.stat(newFileId())).rejects.toThrow('not yet')
    await Promise.all(Array.from({ length: 5 }, () => backend.write(newFileId(), HELLO, infoOf(), {})))

    expect(factory).toHaveBeenCalledTimes(2)
    expect(await idsOf(backend)).toHaveLength(5)
  })

  it('leaves a client open that it was given', async () => {
    const db = on.newDb()
    const backend = new GridFSBackend({ db })
    await backend.write(newFileId(), HELLO, infoOf(), {})

    await backend.close()

    expect(await chunkCount(db)).toBe(1)
  })

  it('closes without ever having been used', async () => {
    await new GridFSBackend({ uri: 'mongodb://127.0.0.1:1/nowhere' }).close()
  })

  it('refuses the database of another driver, whose documents this one cannot send', async () => {
    const client = new OtherClient(on.uriOf('app'))
    const files = new FileStorage('other', new GridFSBackend({ db: () => client.db('app') as never }))
    try {
      await expect(files.create(HELLO)).rejects.toMatchObject({
        code: 'INVALID_ARGUMENT',
        message: expect.stringMatching(/Expected db to be of the package mongodb 7, got one of version 6\./),
      })
    } finally {
      await client.close()
    }
  })

  it.each<[string, object, RegExp]>([
    ['neither a URI nor a database', {}, /one of the options uri and db/],
    ['both', { uri: 'mongodb://h/d', db: {} }, /one of the options uri and db/],
    ['a URI without a database', { uri: 'mongodb://ada:secret@h' }, /to name a database/],
    [
      'a URI of something else',
      { uri: 'https://ada:secret@h/d' },
      /uri to be a connection string of MongoDB/,
    ],
    ['an option that the driver does not know', { uri: 'mongodb://ada:secret@h/d?nonsense=1' }, /nonsense/],
    ['a bucket without a name', { uri: 'mongodb://h/d', bucketName: '' }, /bucketName/],
    ['chunks of no size', { uri: 'mongodb://h/d', chunkSizeBytes: 0 }, /chunkSizeBytes.*got 0/],
    ['chunks too large for a document', { uri: 'mongodb://h/d', chunkSizeBytes: 2 ** 24 }, /chunkSizeBytes/],
  ])('refuses %s, and tells no password', (_, options, message) => {
    const make = () => new GridFSBackend(options as never)

    expect(make).toThrow(FiledepotError)
    expect(make).toThrow(message)
    expect(make).not.toThrow(/secret/)
  })
})

function infoOf() {
  return {
    filename: 'unnamed',
    contentType: 'application/octet-stream',
    size: undefined,
    sha256: undefined,
    metadata: {},
  }
}
