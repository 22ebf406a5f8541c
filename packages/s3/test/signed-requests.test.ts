import { describe, expect, it } from '@jest/globals'
import { FileStorage, type DirectUpload } from '@filedepot/core'
import { S3Backend } from '@filedepot/s3'
import { backendOn, removeBucket } from './support/buckets.ts'
import { bytesOf, failure } from './support/samples.ts'
import { describeOnRealServer } from './support/servers.ts'

const PNG = 'image/png'

function form(upload: DirectUpload, bytes: Uint8Array, fields: Record<string, string> = {}): FormData {
  const data = new FormData()
  for (const [name, value] of Object.entries({ ...upload.fields, ...fields })) data.set(name, value)
  data.set('file', new Blob([Buffer.from(bytes)]), 'from the browser.png')
  return data
}

async function put(upload: DirectUpload, bytes: Uint8Array, headers: object = {}): Promise<number> {
  const sent = { ...upload.headers, ...headers }
  return (await fetch(upload.url, { method: 'PUT', headers: sent, body: Buffer.from(bytes) })).status
}

async function post(
  upload: DirectUpload,
  bytes: Uint8Array,
  fields?: Record<string, string>,
): Promise<number> {
  return (await fetch(upload.url, { method: 'POST', body: form(upload, bytes, fields) })).status
}

describe('what is signed', () => {
  const credentials = { accessKeyId: 'key', secretAccessKey: 'secret' }
  const backend = new S3Backend({ bucket: 'uploads', region: 'eu-central-1', credentials })
  const files = new FileStorage('docs', backend)

  it('has no checksum of bytes that nobody knows yet, also where the service takes checksums', async () => {
    const upload = await files.signedUpload({ contentType: PNG, size: 10, filename: 'a.png' })
    const read = await files.signedUrl(upload.id)

    for (const url of [upload.url, read]) expect(url).not.toMatch(/checksum/i)
    expect(Object.keys(upload.headers).sort()).toEqual([
      'content-disposition',
      'content-type',
      'if-none-match',
      'x-amz-meta-x-depot-filename',
    ])
    const signed = new URL(upload.url).searchParams.get('X-Amz-SignedHeaders')
    expect(signed).toBe(
      'content-disposition;content-length;content-type;host;if-none-match;x-amz-meta-x-depot-filename',
    )
  })

  it('stores a new file only, unless the service does not know how', async () => {
    const plain = new S3Backend({
      bucket: 'uploads',
      region: 'eu-central-1',
      credentials,
      signedUploadsOnce: false,
    })
    const once = await files.signedUpload()
    const often = await new FileStorage('docs', plain).signedUpload()

    expect(once.headers['if-none-match']).toBe('*')
    expect(often.headers).not.toHaveProperty('if-none-match')
  })

  it.each([
    ['image/png', 'inline'],
    ['text/html', 'attachment'],
    ['image/svg+xml', 'attachment'],
    ['text/javascript', 'attachment'],
    ['application/pdf', 'attachment'],
  ])('says that %s is shown as %s, with a name and without', async (contentType, shown) => {
    const named = await files.signedUpload({ contentType, filename: 'x' })
    const unnamed = await files.signedUpload({ contentType })
    const form = await files.signedUpload({ contentType, method: 'POST' })

    expect(named.headers['content-disposition']).toBe(`${shown}; filename="x"`)
    expect(unnamed.headers['content-disposition']).toBe(`${shown}; filename="unnamed"`)
    expect(form.fields['Content-Disposition']).toBe(`${shown}; filename="unnamed"`)
  })

  it.each([604_801, Infinity])('is good for seven days at most: not for %p s', async (expiresIn) => {
    for (const signing of [
      files.signedUpload({ expiresIn }),
      files.signedUrl(crypto.randomUUID(), { expiresIn }),
    ]) {
      expect((await failure(signing)).code).toBe('INVALID_ARGUMENT')
    }
  })

  it('is nothing where the signal is aborted', async () => {
    const signal = AbortSignal.abort()

    expect((await failure(files.signedUpload({ signal }))).code).toBe('ABORTED')
  })
})

describeOnRealServer('a signed upload', (server) => {
  const withFiles = async (test: (files: FileStorage) => Promise<void>): Promise<void> => {
    const backend = await backendOn(server, { prefix: 'uploads of ünï/' })
    await test(new FileStorage('docs', backend))
    await backend.close()
    await removeBucket(server, backend.bucket)
  }

  it('by PUT takes what was signed, and nothing else', async () => {
    await withFiles(async (files) => {
      const upload = await files.signedUpload({ filename: '些公  1.png', contentType: PNG, size: 1000 })

      expect(await put(upload, bytesOf(999))).toBe(403)
      expect(await put(upload, bytesOf(1000), { 'content-type': 'text/html' })).toBe(403)
      expect(await put(upload, bytesOf(1000), { 'x-amz-meta-x-depot-filename': 'b.png' })).toBe(403)
      expect(await files.exists(upload.id)).toBe(false)

      expect(await put(upload, bytesOf(1000))).toBe(200)
      const file = await files.get(upload.id)
      expect(file).toMatchObject({ filename: '些公  1.png', contentType: PNG, size: 1000, sha256: undefined })
      expect(Buffer.compare(await file.bytes(), bytesOf(1000))).toBe(0)
    })
  })

  it('by PUT can be used once: afterwards the file is as it was', async () => {
    await withFiles(async (files) => {
      const upload = await files.signedUpload({ contentType: PNG })

      expect(await put(upload, bytesOf(1000))).toBe(200)
      expect(await put(upload, bytesOf(999))).toBe(412)
      const without = Object.fromEntries(
        Object.entries(upload.headers).filter(([name]) => name !== 'if-none-match'),
      )
      expect(await put({ ...upload, headers: without }, bytesOf(999))).toBe(403)

      expect(Buffer.compare(await (await files.get(upload.id)).bytes(), bytesOf(1000))).toBe(0)
    })
  })

  it('by PUT without a size takes any size', async () => {
    await withFiles(async (files) => {
      const upload = await files.signedUpload()

      expect(await put(upload, bytesOf(12_345))).toBe(200)
      expect(await files.get(upload.id)).toMatchObject({
        filename: 'unnamed',
        contentType: 'application/octet-stream',
        size: 12_345,
      })
    })
  })

  it('by POST takes a form of the type and up to the size that were signed', async () => {
    await withFiles(async (files) => {
      const upload = await files.signedUpload({
        method: 'POST',
        filename: '些公  1.png',
        contentType: PNG,
        maxSize: 1000,
      })

      expect(await post(upload, bytesOf(1001))).toBe(400)
      expect(await post(upload, bytesOf(10), { 'Content-Type': 'text/html' })).toBe(403)
      expect(await post(upload, bytesOf(10), { key: 'another' })).toBe(403)
      expect(await post(upload, bytesOf(10), { acl: 'public-read' })).toBe(403)
      expect(await files.exists(upload.id)).toBe(false)

      expect(await post(upload, bytesOf(1000))).toBe(204)
      expect(await files.get(upload.id)).toMatchObject({
        filename: '些公  1.png',
        contentType: PNG,
        size: 1000,
      })
    })
  })

  it('by POST takes exactly the size that was signed', async () => {
    await withFiles(async (files) => {
      const upload = await files.signedUpload({ method: 'POST', size: 100 })

      expect([await post(upload, bytesOf(99)), await post(upload, bytesOf(101))]).toEqual([400, 400])
      expect(await post(upload, bytesOf(100))).toBe(204)
    })
  })

  it('expires', async () => {
    await withFiles(async (files) => {
      const byPut = await files.signedUpload({ expiresIn: 1 })
      const byPost = await files.signedUpload({ method: 'POST', expiresIn: 1 })
      await new Promise((resolve) => setTimeout(resolve, 2100))

      expect([await put(byPut, bytesOf(1)), await post(byPost, bytesOf(1))]).toEqual([403, 403])
    })
  })
})

describeOnRealServer('a signed URL', (server) => {
  it('reads the file under its own name, until it expires, and not when it is changed', async () => {
    const backend = await backendOn(server)
    const files = new FileStorage('docs', backend)
    const id = await files.create(bytesOf(1000), { filename: '些公 1.txt', contentType: 'text/plain' })

    const plain = await fetch(await files.signedUrl(id))
    const saved = await fetch(await files.signedUrl(id, { disposition: 'attachment' }))
    const expiring = await files.signedUrl(id, { expiresIn: 1 })
    const forged = await fetch((await files.signedUrl(id)).replace('X-Amz-Expires=900', 'X-Amz-Expires=9000'))
    await new Promise((resolve) => setTimeout(resolve, 2100))
    const expired = await fetch(expiring)

    const page = await files.create(Buffer.from('<script>'), { filename: 'a.html', contentType: 'text/html' })
    const wished = await fetch(await files.signedUrl(page, { disposition: 'inline' }))

    const named = await fetch(await files.signedUrl(id, { filename: 'b 些.txt' }))
    const known = { filename: 'b.html', contentType: 'text/html' }
    const both = await fetch(await files.signedUrl(page, { ...known, disposition: 'inline' }))

    expect(named.headers.get('content-disposition')).toBe(
      `inline; filename="b ?.txt"; filename*=UTF-8''b%20%E4%BA%9B.txt`,
    )
    expect(both.headers.get('content-disposition')).toBe('attachment; filename="b.html"')
    expect(wished.headers.get('content-disposition')).toBe('attachment; filename="a.html"')
    const name = `filename="?? 1.txt"; filename*=UTF-8''%E4%BA%9B%E5%85%AC%201.txt`
    expect(plain.headers.get('content-disposition')).toBe(`inline; ${name}`)
    expect(saved.headers.get('content-disposition')).toBe(`attachment; ${name}`)
    expect(plain.headers.get('content-type')).toBe('text/plain')
    expect([plain.status, saved.status, forged.status, expired.status]).toEqual([200, 200, 403, 403])
    expect(Buffer.compare(Buffer.from(await saved.arrayBuffer()), bytesOf(1000))).toBe(0)
    await backend.close()
    await removeBucket(server, backend.bucket)
  })
})
