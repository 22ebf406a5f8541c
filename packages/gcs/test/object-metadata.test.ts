import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { createHash, randomBytes, randomUUID } from 'node:crypto'
import { FileIntent, FileStorage } from '@filedepot/core'
import { newFileId } from '@filedepot/core/backend'
import type { GcsServer } from '@filedepot/testing/gcs-server'
import { backendOn, startService } from './support/gcs-service.ts'
import { rejection, said } from './support/failure.ts'
import { objectOf, putObject, streamOf } from './support/objects.ts'

const HELLO = Buffer.from('hello, world')
const BLOCK = 256 * 1024
const PNG = Buffer.from('89504e470d0a1a0a0000000d49484452', 'hex')

let server: GcsServer
let files: FileStorage
/** Sends all but the smallest files in parts. */
let inParts: FileStorage

beforeAll(async () => {
  server = await startService()
  files = new FileStorage('files', backendOn(server.url))
  inParts = new FileStorage('files', backendOn(server.url, { resumableAbove: 1000, chunkSize: BLOCK }))
})
afterAll(() => server.close())

describe('an object of a file', () => {
  it('has its type, its name for browsers, and all that is known of it, in ASCII', async () => {
    const id = await files.create(HELLO, { filename: '些 "公".txt', metadata: { author: 'Ада', n: '1' } })

    const object = await objectOf(server, id)

    expect(object).toMatchObject({
      name: id,
      contentType: 'text/plain',
      contentDisposition: `inline; filename="? \\"?\\".txt"; filename*=UTF-8''%E4%BA%9B%20%22%E5%85%AC%22.txt`,
      storageClass: 'STANDARD',
      metadata: {
        'filedepot-filename': '%E4%BA%9B%20%22%E5%85%AC%22.txt',
        'filedepot-metadata': '{"author":"\\u0410\\u0434\\u0430","n":"1"}',
        'filedepot-sha256': createHash('sha256').update(HELLO).digest('hex'),
      },
    })
  })

  it('is of the storage class, and an attachment, where the options say so', async () => {
    const backend = backendOn(server.url, { storageClass: 'NEARLINE', inlineTypes: [] })
    const id = await new FileStorage('files', backend).create(HELLO, { filename: 'a.txt' })

    expect(await objectOf(server, id)).toMatchObject({
      storageClass: 'NEARLINE',
      contentDisposition: 'attachment; filename=a.txt',
    })
  })

  it.each([
    ['page.html', 'text/html', 'attachment'],
    ['drawing.svg', 'image/svg+xml', 'attachment'],
    ['script.js', 'text/javascript', 'attachment'],
    ['report.pdf', 'application/pdf', 'attachment'],
    ['photo.png', 'image/png', 'inline'],
  ])('has %s saved or shown: %s is %s', async (filename, contentType, disposition) => {
    const files = new FileStorage('files', backendOn(server.url))
    const bytes = filename === 'photo.png' ? PNG : Buffer.from('<svg onload="alert(1)"/>')
    const upload = await files.signedUpload({ filename, contentType })
    const id = await files.create(new FileIntent(bytes, { filename, contentType }))

    expect((await objectOf(server, id)).contentDisposition).toBe(`${disposition}; filename=${filename}`)
    expect(upload.headers['content-disposition']).toBe(`${disposition}; filename=${filename}`)
  })

  it('knows the hash of a small stream from the start', async () => {
    const before = { ...server.requests }
    const id = await files.create(streamOf(randomBytes(3_000_000)))

    const file = await files.get(id)

    expect(file.sha256).toMatch(/^[0-9a-f]{64}$/)
    expect((await objectOf(server, id)).metageneration).toBe('1')
    expect(server.requests['objects.patch']).toBe(before['objects.patch'])
  })

  it('is told the hash of a large stream when it is there', async () => {
    const bytes = randomBytes(3 * BLOCK)
    const id = await inParts.create(streamOf(bytes), { metadata: { author: 'Ada' } })

    const file = await inParts.get(id)

    expect(file.sha256).toBe(createHash('sha256').update(bytes).digest('hex'))
    expect(file.metadata).toEqual({ author: 'Ada' })
    expect((await objectOf(server, id)).metageneration).toBe('2')
  })

  it('is whole where it cannot be told the hash, which is then not known', async () => {
    const bytes = randomBytes(3 * BLOCK)
    server.failNext({ kind: 'objects.patch', status: 403 })
    const id = await inParts.create(streamOf(bytes))

    const file = await inParts.get(id)

    expect([file.sha256, file.size]).toEqual([undefined, bytes.byteLength])
    expect((await file.bytes()).equals(bytes)).toBe(true)
  })

  it('is not told the hash of what it has no more', async () => {
    const id = await inParts.create(HELLO)
    // While the hash of the stream is on its way, another content comes into its place.
    server.failNext({ kind: 'objects.patch', delay: 300 })
    const replacing = inParts.replace(id, streamOf(randomBytes(3 * BLOCK)))
    while ((await objectOf(server, id)).size === String(HELLO.byteLength)) await new Promise(setImmediate)
    await inParts.replace(id, Buffer.from('the last'))
    await replacing

    const file = await inParts.get(id)

    expect(await file.text()).toBe('the last')
    expect(file.sha256).toBe(createHash('sha256').update('the last').digest('hex'))
  })
})

describe('objects of others', () => {
  it("are read as Python's DEPOT wrote them", async () => {
    const id = randomUUID()
    await putObject(server, id, HELLO, {
      contentType: 'application/octet-stream',
      metadata: {
        'x-depot-modified': '2019-03-04 05:06:07',
        'x-depot-filename': '%E4%BA%9B%E5%85%AC.pdf',
        'x-depot-content-type': 'application/pdf',
      },
    })

    const file = await files.get(id)

    expect(file).toMatchObject({
      filename: '些公.pdf',
      contentType: 'application/pdf',
      size: 12,
      sha256: undefined,
      lastModified: new Date('2019-03-04T05:06:07Z'),
      metadata: {},
    })
    expect(await file.text()).toBe('hello, world')
  })

  it.each([
    ['a name that was not encoded', { 'x-depot-filename': '100%.txt' }, '100%.txt'],
    ['a time that is none', { 'x-depot-modified': 'yesterday' }, 'unnamed'],
    ['no metadata at all', undefined, 'unnamed'],
  ])('are read with %s', async (_, metadata, filename) => {
    const id = newFileId()
    await putObject(server, id, HELLO, { ...(metadata && { metadata }) })

    const file = await files.get(id)

    expect(file.filename).toBe(filename)
    expect(Math.abs(file.lastModified.getTime() - Date.now())).toBeLessThan(60_000)
  })

  it('are corrupt where our own metadata cannot be read, and can be deleted', async () => {
    const id = newFileId()
    await putObject(server, id, HELLO, { metadata: { 'filedepot-metadata': '{' } })

    expect(said(await rejection(files.get(id)))).toEqual({
      code: 'CORRUPT_FILE',
      message: `Cannot read the metadata of the file "${id}"`,
    })
    await files.delete(id)
    expect(await files.exists(id)).toBe(false)
  })
})
