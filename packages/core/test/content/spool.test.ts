import { afterEach, describe, expect, it } from '@jest/globals'
import { readdir, stat } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { basename, dirname, join } from 'node:path'
import { buffer } from 'node:stream/consumers'
import type { FileToValidate, FileValidator } from '../../src/content/file-validator.ts'
import { FileIntent } from '../../src/content/file-intent.ts'
import { spool } from '../../src/content/spool.ts'
import { FiledepotError } from '../../src/errors.ts'
import { bytesOf, chunksOf, sha256 } from '../support/bytes.ts'
import { failure } from '../support/failure.ts'
import { BrokenBackend } from '../support/backends.ts'
import { Source, until } from '../support/sources.ts'
import { idsOf, memoryStorage } from '../support/storages.ts'

const MEMORY = 4 * 1024 * 1024
const large = bytesOf(MEMORY + 1)

/** A stream in chunks, as a socket would give it. */
function stream(bytes: Uint8Array, failing?: Error): Source {
  return new Source(chunksOf(bytes, [65_536, 1000]), failing)
}

/** The temporary files of this process. */
async function temporaryFiles(): Promise<string[]> {
  const names = (await readdir(tmpdir())).filter((name) => name.startsWith(`filedepot-spool-${process.pid}-`))
  return names.map((name) => join(tmpdir(), name, 'content'))
}

describe('spool', () => {
  it('keeps bytes as they are, without a copy', async () => {
    const bytes = bytesOf(100)

    const file = await spool(new FileIntent(bytes, { filename: 'a.bin' }))

    expect(file).toMatchObject({ filename: 'a.bin', contentType: 'application/octet-stream', size: 100 })
    expect(file.place).toBe(bytes)
  })

  it.each([
    ['nothing', 0],
    ['little', 10],
    ['as much as memory may hold', MEMORY],
  ])('holds a stream of %s in memory', async (_, size) => {
    const bytes = bytesOf(size)

    const file = await spool(stream(bytes).readable())

    expect(file.size).toBe(size)
    expect(Buffer.compare(file.place as Uint8Array, bytes)).toBe(0)
    expect(await temporaryFiles()).toEqual([])
  })

  it('holds what is larger in a temporary file, which only its owner can read, until it is disposed of', async () => {
    const file = await spool({
      filename: 'large.bin',
      mimetype: 'video/x-own',
      file: stream(large).readable(),
    })

    const path = file.place as string
    expect(await temporaryFiles()).toEqual([path])
    expect((await stat(path)).mode & 0o777).toBe(0o600)
    expect((await stat(dirname(path))).mode & 0o777).toBe(0o700)
    expect(await readdir(dirname(path))).toEqual([basename(path)])
    expect(file).toMatchObject({ filename: 'large.bin', declaredType: 'video/x-own', size: large.byteLength })
    for (let time = 0; time < 2; time++) expect(Buffer.compare(await buffer(file.open()), large)).toBe(0)

    await file[Symbol.asyncDispose]()
    expect(await temporaryFiles()).toEqual([])
  })

  it('gives a content that is stored with all that was known of the first', async () => {
    const files = memoryStorage()
    await using file = await spool({
      filename: 'a.csv',
      mimetype: 'text/csv',
      file: stream(large).readable(),
    })

    const record = await files.store(file)

    expect(record).toMatchObject({
      filename: 'a.csv',
      contentType: file.contentType,
      declaredType: 'text/csv',
      size: large.byteLength,
      sha256: sha256(large),
    })
  })

  it.each([
    ['in memory', MEMORY - 1],
    ['on the way into a temporary file', MEMORY * 1.5],
  ])('stops at the limit, %s', async (_, maxSize) => {
    const source = stream(bytesOf(MEMORY * 2))

    const error = await failure(spool(source.readable(), { maxSize }))

    expect(error.code).toBe('FILE_TOO_LARGE')
    await until(() => source.closed)
    expect(await temporaryFiles()).toEqual([])
  })

  it('leaves nothing of a content that fails', async () => {
    const cause = new Error('the client went away')

    const error = await failure(spool(stream(large, cause).readable()))

    expect(error).toMatchObject({ code: 'CONTENT_FAILED', cause })
    expect(await temporaryFiles()).toEqual([])
  })

  it('leaves nothing where it is aborted', async () => {
    const abort = new AbortController()
    const source = stream(bytesOf(2 * MEMORY))
    const spooling = failure(spool(source.readable(), { signal: abort.signal }))
    while ((await temporaryFiles()).length === 0) await new Promise((resolve) => setImmediate(resolve))

    abort.abort(new Error('enough'))

    expect(await spooling).toMatchObject({ code: 'ABORTED', cause: new Error('enough') })
    await until(() => source.closed)
    expect(await temporaryFiles()).toEqual([])
  })

  it('runs the validators first', async () => {
    const refusal = new FiledepotError('FILE_REFUSED', 'no')
    const source = stream(large)

    const spooling = spool(source.readable(), { validators: [() => Promise.reject(refusal)] })

    await expect(spooling).rejects.toBe(refusal)
    await until(() => source.closed)
    expect(source.taken).toBeLessThan(10)
  })
})

describe('a validator that looks inside', () => {
  const seen: { sha256: string; place: string }[] = []
  const look: FileValidator = async ({ spool: take }: FileToValidate) => {
    const [file, again] = [await take(), await take()]
    expect(again).toBe(file)
    const place = typeof file.place === 'string' ? 'file' : 'memory'
    seen.push({ sha256: sha256(await buffer(file.open())), place })
  }

  afterEach(() => {
    seen.length = 0
  })

  it.each([
    ['bytes', bytesOf(100), 'memory', (bytes: Buffer) => bytes],
    ['a small stream', bytesOf(100), 'memory', (bytes: Buffer) => stream(bytes).readable()],
    ['a stream', bytesOf(MEMORY), 'memory', (bytes: Buffer) => stream(bytes).readable()],
    ['a large stream', large, 'file', (bytes: Buffer) => stream(bytes).readable()],
  ])('sees all of %s, which is then stored', async (_, bytes, place, content) => {
    const files = memoryStorage()

    const record = await files.store(content(bytes), { validators: [look, look] })

    expect(record).toMatchObject({ size: bytes.byteLength, sha256: sha256(bytes) })
    expect(seen).toEqual([0, 1].map(() => ({ sha256: sha256(bytes), place })))
    expect(await temporaryFiles()).toEqual([])
  })

  it('leaves nothing where the next one refuses', async () => {
    const files = memoryStorage()
    const refuse = () => Promise.reject(new FiledepotError('FILE_REFUSED', 'no'))

    const error = await failure(files.store(stream(large).readable(), { validators: [look, refuse] }))

    expect(error.code).toBe('FILE_REFUSED')
    expect(await temporaryFiles()).toEqual([])
    expect(await idsOf(files)).toEqual([])
  })

  it.each([
    ['before it reads', undefined],
    ['after the first chunk', new Error('no space')],
  ])('leaves nothing where the storage fails %s', async (_, writeError) => {
    const backend = new BrokenBackend()
    backend.writeError = writeError
    if (!writeError) backend.write = () => Promise.reject(new Error('no connection'))

    const error = await failure(
      memoryStorage('broken', backend).store(stream(large).readable(), { validators: [look] }),
    )

    expect(error.code).toBe('WRITE_FAILED')
    expect(await temporaryFiles()).toEqual([])
  })

  it('is the same to spool() itself', async () => {
    await using file = await spool(stream(large).readable(), { validators: [look] })

    expect(seen).toEqual([{ sha256: sha256(large), place: 'file' }])
    expect(await temporaryFiles()).toHaveLength(1)
    expect(file.size).toBe(large.byteLength)
  })
})
