import { afterEach, beforeEach, describe, expect, it } from '@jest/globals'
import { Storage, type Bucket, type File } from '@google-cloud/storage'
import { generateKeyPairSync, randomBytes } from 'node:crypto'
import { buffer } from 'node:stream/consumers'
import { pipeline } from 'node:stream/promises'
import { Readable } from 'node:stream'
import { setTimeout as sleep } from 'node:timers/promises'
import { startGcsServer, type GcsServer } from '@filedepot/testing/gcs-server'

const ACCOUNT = 'tester@test.iam.gserviceaccount.com'
const { privateKey, publicKey } = generateKeyPairSync('rsa', {
  modulusLength: 2048,
  privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
  publicKeyEncoding: { type: 'spki', format: 'pem' },
})
const MIB = 1024 * 1024
const HELLO = Buffer.from('hello, world')
const BLOCK = 256 * 1024

let server: GcsServer
let bucket: Bucket

function client(): Storage {
  return new Storage({
    apiEndpoint: server.url,
    projectId: 'test',
    credentials: { client_email: ACCOUNT, private_key: privateKey },
    retryOptions: { maxRetryDelay: 1 },
  })
}

beforeEach(async () => {
  server = await startGcsServer({ buckets: ['files'], keys: { [ACCOUNT]: publicKey } })
  bucket = client().bucket('files')
})

afterEach(() => server.close())

/** The status by which the service refused. */
async function refusal(promise: Promise<unknown>): Promise<unknown> {
  return await promise.then(
    () => 'it was not refused',
    (error: unknown) => {
      const { status, code } = error as { status?: unknown; code?: unknown }
      return Number(status ?? code)
    },
  )
}

async function saved(name: string, bytes: Buffer, options = {}): Promise<File> {
  const file = bucket.file(name)
  await file.save(bytes, { resumable: false, ...options })
  return file
}

describe('startGcsServer, with the official client', () => {
  it('makes buckets, each name once', async () => {
    const [made] = await client().createBucket('more-files', { location: 'EU' })

    expect((await made.getMetadata())[0].location).toBe('EU')
    expect(await client().bucket('files').exists()).toEqual([true])
    expect(await client().bucket('nothing').exists()).toEqual([false])
    expect(await refusal(client().createBucket('files'))).toBe(409)
    expect(await refusal(client().createBucket('No Name'))).toBe(400)
  })

  it('stores bytes at once, with what is said of them', async () => {
    const file = await saved('a/些公', HELLO, {
      contentType: 'text/plain',
      metadata: { contentDisposition: 'inline', metadata: { author: 'Ада' } },
    })

    const [metadata] = await file.getMetadata()
    expect(metadata).toMatchObject({
      size: '12',
      contentType: 'text/plain',
      contentDisposition: 'inline',
      metadata: { author: 'Ада' },
      metageneration: '1',
    })
    expect((await file.download())[0]).toEqual(HELLO)
    expect(server.requests).toEqual({ 'objects.insert': 1, 'objects.get': 1, 'objects.download': 1 })
  })

  it('stores bytes without anything said of them, as uploadType=media', async () => {
    const url = `${server.url}/upload/storage/v1/b/files/o?uploadType=media&name=plain`
    await fetch(url, { method: 'POST', body: HELLO, headers: { 'content-type': 'text/x-plain' } })

    const [metadata] = await bucket.file('plain').getMetadata()
    expect([metadata.contentType, metadata.size]).toEqual(['text/x-plain', '12'])
  })

  it.each([
    ['in one request', {}],
    ['in chunks', { chunkSize: BLOCK }],
  ])('takes a resumable upload %s', async (_, options) => {
    const bytes = randomBytes(MIB + 5)
    const file = bucket.file('large')

    const write = file.createWriteStream({
      resumable: true,
      ...options,
      metadata: { metadata: { of: 'large' } },
    })
    await pipeline(Readable.from([bytes.subarray(0, 300_000), bytes.subarray(300_000)]), write)

    expect((await file.download())[0].equals(bytes)).toBe(true)
    expect((await file.getMetadata())[0].metadata).toEqual({ of: 'large' })
    expect(server.openUploads).toBe(0)
    expect(server.requests['uploads.put']).toBe('chunkSize' in options ? 5 : 1)
  })

  it('keeps whole blocks of a resumable upload that breaks off, and takes the rest', async () => {
    const bytes = randomBytes(2 * BLOCK + 10)
    const [url] = await bucket.file('resumed').createResumableUpload()
    const put = (body: Buffer, range: string) =>
      fetch(url, { method: 'PUT', body: new Uint8Array(body), headers: { 'content-range': range } })

    const first = await put(bytes.subarray(0, BLOCK + 100), 'bytes 0-262243/*')
    const status = await put(Buffer.alloc(0), 'bytes */*')
    expect([first.status, first.headers.get('range')]).toEqual([308, 'bytes=0-262143'])
    expect([status.status, status.headers.get('range')]).toEqual([308, 'bytes=0-262143'])
    expect(await bucket.file('resumed').exists()).toEqual([false])

    const total = bytes.byteLength
    const last = await put(bytes.subarray(BLOCK), `bytes ${BLOCK}-${total - 1}/${total}`)
    const again = await put(Buffer.alloc(0), `bytes */${total}`)
    expect([last.status, again.status]).toEqual([200, 200])
    expect((await bucket.file('resumed').download())[0].equals(bytes)).toBe(true)
  })

  it('forgets a resumable upload that is cancelled', async () => {
    const [url] = await bucket.file('cancelled').createResumableUpload()
    expect(server.openUploads).toBe(1)

    const answer = await fetch(url, { method: 'DELETE' })
    const late = await fetch(url, { method: 'PUT', body: HELLO })

    expect([answer.status, late.status, server.openUploads]).toEqual([499, 410, 0])
    expect(await bucket.file('cancelled').exists()).toEqual([false])
  })

  it('refuses bytes that are not those of their checksum, and stores nothing of them', async () => {
    for (const metadata of [{ md5Hash: 'AAAA' }, { crc32c: 'AAAAAA==' }]) {
      expect(await refusal(saved('wrong', HELLO, { metadata }))).toBe(400)
    }
    const [url] = await bucket.file('wrong').createResumableUpload()
    const headers = { 'content-range': 'bytes 0-11/12', 'x-goog-hash': 'crc32c=AAAAAA==,md5=AAAA' }
    const answer = await fetch(url, { method: 'PUT', body: HELLO, headers })

    expect(answer.status).toBe(400)
    expect(await bucket.file('wrong').exists()).toEqual([false])
  })

  it('holds to generations and metagenerations', async () => {
    const file = await saved('a', HELLO)
    const [{ generation }] = await file.getMetadata()
    const old = { ifGenerationMatch: Number(generation) - 1 }

    expect(await refusal(saved('a', HELLO, { preconditionOpts: { ifGenerationMatch: 0 } }))).toBe(412)
    expect(await refusal(file.delete(old))).toBe(412)
    expect(await refusal(file.setMetadata({ contentType: 'a/b' }, { ifMetagenerationMatch: 2 }))).toBe(412)
    await file.setMetadata({ contentType: 'a/b', metadata: { k: 'v' } }, { ifMetagenerationMatch: 1 })
    const [patched] = await file.getMetadata()
    expect([patched.contentType, patched.metadata, patched.generation, patched.metageneration]).toEqual([
      'a/b',
      { k: 'v' },
      generation,
      '2',
    ])

    await saved('a', Buffer.from('new'), { preconditionOpts: { ifGenerationMatch: Number(generation) } })
    const [replaced] = await file.getMetadata()
    expect([Number(replaced.generation) > Number(generation), replaced.metageneration]).toEqual([true, '1'])
    expect(await refusal(bucket.file('a', { generation: generation! }).getMetadata())).toBe(404)
  })

  it('sends parts of an object, and refuses what lies outside', async () => {
    const file = await saved('a', HELLO)
    const read = (range: object) => buffer(file.createReadStream(range))

    expect(String(await read({ start: 7 }))).toBe('world')
    expect(String(await read({ start: 0, end: 4 }))).toBe('hello')
    expect(String(await read({ start: 7, end: 100 }))).toBe('world')
    expect(await refusal(read({ start: 12 }))).toBe(416)
  })

  it('lists names by prefix, from an offset on, in pages and up to a delimiter', async () => {
    for (const name of ['b/2', 'a', 'b/1', 'b/3/x', 'c']) await saved(name, HELLO)
    const list = async (query: object) => (await bucket.getFiles(query))[0].map(({ name }) => name)

    expect(await list({})).toEqual(['a', 'b/1', 'b/2', 'b/3/x', 'c'])
    const pages: string[][] = []
    let query: object | null = { maxResults: 2, autoPaginate: false }
    while (query) {
      const [files, next] = (await bucket.getFiles(query)) as unknown as [File[], object | null]
      pages.push(files.map(({ name }) => name))
      query = next
    }
    expect(pages).toEqual([['a', 'b/1'], ['b/2', 'b/3/x'], ['c']])
    expect(await list({ prefix: 'b/' })).toEqual(['b/1', 'b/2', 'b/3/x'])
    expect(await list({ prefix: 'b/', delimiter: '/' })).toEqual(['b/1', 'b/2'])
    expect(await list({ startOffset: 'b/2' })).toEqual(['b/2', 'b/3/x', 'c'])
  })

  it('deletes objects', async () => {
    const file = await saved('a', HELLO)

    await file.delete()

    expect(await file.exists()).toEqual([false])
    expect(await refusal(file.delete())).toBe(404)
    expect(await refusal(file.download())).toBe(404)
  })

  it('copies objects with their metadata, or with others', async () => {
    await client().createBucket('copies')
    const file = await saved('a', HELLO, { contentType: 'text/plain', metadata: { metadata: { k: 'v' } } })

    await file.copy(client().bucket('copies').file('same'))
    await file.copy(client().bucket('copies').file('other'), { contentType: 'a/b' })

    const [same] = await client().bucket('copies').file('same').getMetadata()
    const [other] = await client().bucket('copies').file('other').getMetadata()
    expect([same.contentType, same.metadata, same.size]).toEqual(['text/plain', { k: 'v' }, '12'])
    expect([other.contentType, other.metadata, other.size]).toEqual(['a/b', undefined, '12'])
    expect(await refusal(bucket.file('nothing').copy('b'))).toBe(404)
  })

  it('refuses access lists of objects where the bucket has one rule for all', async () => {
    const [uniform] = await client().createBucket('uniform', {
      iamConfiguration: { uniformBucketLevelAccess: { enabled: true } },
    })

    expect(await refusal(uniform.file('a').save(HELLO, { resumable: false, private: true }))).toBe(400)
    expect(await refusal(uniform.file('a').createResumableUpload({ predefinedAcl: 'private' }))).toBe(400)
    await uniform.file('a').save(HELLO, { resumable: false })
  })

  it('lets anyone read what is public, and nobody else', async () => {
    const open = await saved('open', HELLO, { public: true })
    const closed = await saved('closed', HELLO)

    const [read, refused] = await Promise.all([fetch(open.publicUrl()), fetch(closed.publicUrl())])

    expect([read.status, await read.text(), refused.status]).toEqual([200, 'hello, world', 403])
  })

  it('demands the token that it was started with', async () => {
    const guarded = await startGcsServer({ buckets: ['files'], token: 'secret' })
    const get = (headers: Record<string, string>) => fetch(`${guarded.url}/storage/v1/b/files`, { headers })

    const answers = [await get({}), await get({ authorization: 'Bearer secret' })]

    expect(answers.map(({ status }) => status)).toEqual([401, 200])
    await guarded.close()
  })
})

describe('signed URLs', () => {
  const soon = () => Date.now() + 60_000

  it('read an object, with the disposition that was signed', async () => {
    const file = await saved('些 公', HELLO, { contentType: 'text/plain' })

    const responseDisposition = 'attachment; filename="a.txt"'
    const [url] = await file.getSignedUrl({
      version: 'v4',
      action: 'read',
      expires: soon(),
      responseDisposition,
    })
    const answer = await fetch(url)

    expect([answer.status, await answer.text()]).toEqual([200, 'hello, world'])
    expect(answer.headers.get('content-disposition')).toBe(responseDisposition)
  })

  it('are refused when they were changed, are over, or are of another', async () => {
    const file = await saved('a', HELLO)
    await saved('b', HELLO)
    const [url] = await file.getSignedUrl({ version: 'v4', action: 'read', expires: soon() })
    const accessibleAt = Date.now() - 120_000
    const [over] = await file.getSignedUrl({
      version: 'v4',
      action: 'read',
      accessibleAt,
      expires: Date.now() + 1,
    })
    await sleep(1100)

    const status = async (one: string, init?: RequestInit) => (await fetch(one, init)).status
    expect(await status(url)).toBe(200)
    expect(await status(url.replace('/files/a', '/files/b'))).toBe(403)
    expect(await status(`${url}&response-content-type=text/html`)).toBe(403)
    expect(await status(url.replace('X-Goog-Expires=60', 'X-Goog-Expires=600'))).toBe(403)
    expect(await status(url, { method: 'PUT', body: HELLO })).toBe(403)
    expect(await status(over)).toBe(400)
  })

  it('store an object whose headers are as they were signed', async () => {
    const headers = { 'x-goog-content-length-range': '12,12', 'x-goog-meta-author': 'Ada' }
    const [url] = await bucket.file('put').getSignedUrl({
      version: 'v4',
      action: 'write',
      expires: soon(),
      contentType: 'text/plain',
      extensionHeaders: headers,
    })
    const put = async (body: Uint8Array<ArrayBuffer>, more: Record<string, string>) =>
      (await fetch(url, { method: 'PUT', body, headers: { 'content-type': 'text/plain', ...more } })).status

    expect(await put(HELLO, {})).toBe(403)
    expect(await put(HELLO, { ...headers, 'content-type': 'text/html' })).toBe(403)
    expect(await put(Buffer.from('longer than that'), headers)).toBe(400)
    expect(await bucket.file('put').exists()).toEqual([false])
    expect(await put(HELLO, headers)).toBe(200)
    const [metadata] = await bucket.file('put').getMetadata()
    expect([metadata.contentType, metadata.metadata]).toEqual(['text/plain', { author: 'Ada' }])
  })
})

describe('POST policies', () => {
  async function post(change: (form: FormData) => unknown, bytes: Buffer = HELLO): Promise<number> {
    const [{ fields }] = await bucket.file('posted').generateSignedPostPolicyV4({
      expires: Date.now() + 2000,
      conditions: [['content-length-range', 5, 20]],
      fields: { 'Content-Type': 'text/plain', 'x-goog-meta-author': 'Ada' },
    })
    const form = new FormData()
    for (const [name, value] of Object.entries(fields)) form.append(name, value)
    await change(form)
    form.append('file', new Blob([new Uint8Array(bytes)]), 'a.txt')
    // The client leaves out the bucket where the endpoint is not the default one.
    return (await fetch(`${server.url}/files/`, { method: 'POST', body: form })).status
  }

  it('store a file that is as they say', async () => {
    expect(await post(() => undefined)).toBe(204)

    const file = bucket.file('posted')
    const [metadata] = await file.getMetadata()
    expect([metadata.contentType, metadata.metadata]).toEqual(['text/plain', { author: 'Ada' }])
    expect((await file.download())[0]).toEqual(HELLO)
  })

  it('refuse what they do not allow', async () => {
    const changed = [
      await post((form) => {
        form.set('key', 'another')
      }),
      await post((form) => {
        form.set('Content-Type', 'text/html')
      }),
      await post((form) => {
        form.set('acl', 'public-read')
      }),
      await post((form) => {
        form.set('policy', Buffer.from('{"conditions":[],"expiration":"2999-01-01"}').toString('base64'))
      }),
    ]
    const sizes = [
      await post(() => undefined, Buffer.alloc(4)),
      await post(() => undefined, Buffer.alloc(21)),
    ]

    const over = await post(() => sleep(2100))

    expect([changed, over]).toEqual([[403, 403, 403, 403], 400])
    expect(sizes).toEqual([400, 400])
    expect(await bucket.file('posted').exists()).toEqual([false])
  })
})

describe('failNext', () => {
  it('fails so many requests of a kind with a status, which the client tries again', async () => {
    await saved('a', HELLO)
    server.failNext({ kind: 'objects.get', status: 503, times: 2 })

    // A client of its own, as one never tries again when it has once saved without a precondition.
    const [metadata] = await client().bucket('files').file('a').getMetadata()

    expect([metadata.size, server.requests['objects.get']]).toEqual(['12', 3])
  })

  it('lets some go well before', async () => {
    const file = await saved('a', HELLO)
    server.failNext({ kind: 'objects.get', status: 403, message: 'no', after: 1 })

    await file.getMetadata()

    expect(await refusal(file.getMetadata())).toBe(403)
    await file.getMetadata()
  })

  it('breaks connections off before a request is carried out, or after', async () => {
    const url = `${server.url}/upload/storage/v1/b/files/o?uploadType=media&name=`
    const insert = (name: string) => fetch(url + name, { method: 'POST', body: HELLO })
    server.failNext({ kind: 'objects.insert', reset: 'before' })
    await expect(insert('before')).rejects.toThrow()
    server.failNext({ kind: 'objects.insert', reset: 'after' })
    await expect(insert('after')).rejects.toThrow()
    server.failNext({ kind: 'objects.insert', resetAfterBytes: 5 })
    await expect(insert('within')).rejects.toThrow()

    const exist = await Promise.all(['before', 'after', 'within'].map((name) => bucket.file(name).exists()))
    expect(exist.flat()).toEqual([false, true, false])
  })

  it('cuts answers short', async () => {
    await saved('a', randomBytes(MIB))
    server.failNext({ kind: 'objects.download', truncate: 1000 })

    const answer = await fetch(`${server.url}/storage/v1/b/files/o/a?alt=media`)

    expect(answer.headers.get('content-length')).toBe(String(MIB))
    await expect(answer.arrayBuffer()).rejects.toThrow()
  })

  it('delays answers', async () => {
    server.failNext({ kind: 'buckets.get', delay: 200 })
    const start = performance.now()

    await bucket.getMetadata()

    expect(performance.now() - start).toBeGreaterThan(190)
  })
})
