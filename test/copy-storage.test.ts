import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { copyStorage, FileStorage, LocalBackend, MemoryBackend, type StorageBackend } from '@filedepot/core'
import { newFileId } from '@filedepot/core/backend'
import { GcsBackend } from '@filedepot/gcs'
import { GridFSBackend } from '@filedepot/gridfs'
import { S3Backend } from '@filedepot/s3'
import { startGcsServer } from '@filedepot/testing/gcs-server'
import { startMongoServer } from '@filedepot/testing/mongo-server'
import { startFauxqs } from 'fauxqs'
import { createHash, generateKeyPairSync, randomBytes, randomUUID } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/** What is to be undone after the tests, the last thing first. */
const undo: (() => Promise<unknown>)[] = []
const servers = { s3: '', gcs: '', mongo: '' }

beforeAll(async () => {
  const [s3, gcs, mongo] = await Promise.all([
    startFauxqs({ port: 0, logger: false }),
    startGcsServer(),
    startMongoServer(),
  ])
  Object.assign(servers, { s3: `http://127.0.0.1:${s3.port}`, gcs: gcs.url, mongo: mongo.uri })
  undo.push(
    () => s3.stop(),
    () => gcs.close(),
    () => mongo.close(),
  )
})
afterAll(async () => {
  for (const step of undo.reverse()) await step()
})

const { privateKey } = generateKeyPairSync('rsa', {
  modulusLength: 2048,
  privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
  publicKeyEncoding: { type: 'spki', format: 'pem' },
})

/** Makes an empty storage of each kind. */
const kinds: Record<string, () => Promise<StorageBackend>> = {
  memory: () => Promise.resolve(new MemoryBackend()),
  async local() {
    const folder = await mkdtemp(join(tmpdir(), 'filedepot-'))
    undo.push(() => rm(folder, { recursive: true }))
    return new LocalBackend(folder)
  },
  async s3() {
    const credentials = { accessKeyId: 'test', secretAccessKey: 'test' }
    const bucket = `files-${randomUUID()}`
    const backend = new S3Backend({ bucket, endpoint: servers.s3, forcePathStyle: true, credentials })
    await backend.ensureBucket()
    return backend
  },
  async gcs() {
    const credentials = { client_email: 'tester@test', private_key: privateKey }
    const options = {
      bucket: `files-${randomUUID()}`,
      apiEndpoint: servers.gcs,
      projectId: 'test',
      credentials,
    }
    // A file of more than 256 KiB comes in parts.
    const backend = new GcsBackend({ ...options, resumableAbove: 256 * 1024, chunkSize: 256 * 1024 })
    await backend.ensureBucket()
    return backend
  },
  gridfs() {
    return Promise.resolve(new GridFSBackend({ uri: servers.mongo, database: `files-${randomUUID()}` }))
  },
}

const names = Object.keys(kinds)
const pairs = names.flatMap((from) => names.map((to): [string, string] => [from, to]))

async function storageOf(kind: string): Promise<FileStorage> {
  const backend = await kinds[kind]!()
  undo.push(() => backend.close?.() ?? Promise.resolve())
  return new FileStorage(kind, backend)
}

const LARGE = randomBytes(300_000)

/** One that is old, one that is empty, and one that comes as a stream of which nobody says the hash beforehand. */
async function fill({ backend }: FileStorage): Promise<void> {
  const known = { filename: '些公 "1".pdf', contentType: 'application/x-own', sha256: undefined }
  const metadata = { author: 'Ада', note: 'line\nbreak' }
  const lastModified = new Date('2020-02-03T04:05:06Z')
  await backend.write(newFileId(), Buffer.from('hello'), { ...known, metadata, size: 5, lastModified }, {})
  await backend.write(newFileId(), Buffer.alloc(0), { ...known, metadata: {}, size: 0 }, {})
  async function* chunks(): AsyncGenerator<Uint8Array> {
    for (let at = 0; at < LARGE.byteLength; at += 65_536) {
      yield await Promise.resolve(LARGE.subarray(at, at + 65_536))
    }
  }
  await backend.write(newFileId(), chunks(), { ...known, metadata: {}, size: LARGE.byteLength }, {})
}

async function contentOf(storage: FileStorage): Promise<unknown[]> {
  const files = []
  for await (const id of storage.list()) {
    const file = await storage.get(id)
    const { filename, contentType, size, lastModified, metadata } = file
    const bytes = createHash('sha256')
      .update(await file.bytes())
      .digest('hex')
    const second = Math.floor(lastModified.getTime() / 1000)
    files.push({ id, filename, contentType, size, second, metadata: { ...metadata }, bytes })
  }
  return files
}

describe('copyStorage', () => {
  const sources = new Map<string, FileStorage>()
  beforeAll(async () => {
    for (const name of names) {
      const source = await storageOf(name)
      await fill(source)
      sources.set(name, source)
    }
  })

  it.each(pairs)('copies all there is from %s to %s, and nothing the second time', async (from, to) => {
    const source = sources.get(from)!
    const target = await storageOf(to)

    const first = await copyStorage(source, target, { readBack: true })
    const second = await copyStorage(source, target)

    expect(first).toEqual({ copied: 3, skipped: 0, vanished: 0, bytes: 300_005, leftovers: [] })
    expect(second).toEqual({ copied: 0, skipped: 3, vanished: 0, bytes: 0, leftovers: [] })
    expect(await contentOf(target)).toEqual(await contentOf(source))
  })
})
