import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { Storage } from '@google-cloud/storage'
import { FileStorage, type DirectUpload } from '@filedepot/core'
import { newFileId, type SignedUploadOptions } from '@filedepot/core/backend'
import type { GcsServer } from '@filedepot/testing/gcs-server'
import { GcsBackend } from '@filedepot/gcs'
import { backendOn, startService } from './support/gcs-service.ts'
import { rejection, said } from './support/failure.ts'
import { objectOf } from './support/objects.ts'

const HELLO = Buffer.from('hello, world')

let server: GcsServer
let files: FileStorage
beforeAll(async () => {
  server = await startService()
  files = new FileStorage('files', backendOn(server.url, { prefix: 'up/' }))
})
afterAll(() => server.close())

describe('a signed URL', () => {
  it('reads the file, as what it is stored', async () => {
    const id = await files.create(HELLO, { filename: '些公.txt' })

    const before = server.requests['objects.get']
    const answer = await fetch(await files.signedUrl(id))

    expect(await answer.text()).toBe('hello, world')
    expect(answer.headers.get('content-type')).toBe('text/plain')
    expect(answer.headers.get('content-disposition')).toMatch(/^inline; .*%E4%BA%9B%E5%85%AC.txt$/)
    expect(server.requests['objects.get']).toBe(before)
  })

  it('has the disposition that is asked for, with the name of the file', async () => {
    const id = await files.create(HELLO, { filename: `it's "a" 100% – 些公.txt` })

    const answer = await fetch(await files.signedUrl(id, { disposition: 'attachment' }))

    expect(answer.status).toBe(200)
    expect(answer.headers.get('content-disposition')).toBe(
      `attachment; filename="it's \\"a\\" 100% ? ??.txt"; ` +
        `filename*=UTF-8''it%27s%20%22a%22%20100%25%20%E2%80%93%20%E4%BA%9B%E5%85%AC.txt`,
    )
  })

  it('has the name that is asked for', async () => {
    const id = await files.create(HELLO, { filename: 'old.txt', contentType: 'text/plain' })

    const answer = await fetch(await files.signedUrl(id, { filename: 'new.txt' }))
    const before = server.requests['objects.get']
    const known = await fetch(await files.signedUrl(id, { filename: 'a.html', contentType: 'text/html' }))

    expect(answer.headers.get('content-disposition')).toBe('inline; filename=new.txt')
    expect(known.headers.get('content-disposition')).toBe('attachment; filename=a.html')
    expect(server.requests['objects.get']).toBe(before)
  })

  it('is valid as long as is asked for, and no longer than the service allows', async () => {
    const id = await files.create(HELLO)

    const urls = [await files.signedUrl(id), await files.signedUrl(id, { expiresIn: 60 })]
    expect(urls.map((url) => new URL(url).searchParams.get('X-Goog-Expires'))).toEqual(['900', '60'])
    for (const expiresIn of [0, 0.5, 604_801]) {
      const error = await rejection(files.signedUrl(id, { expiresIn }))
      expect(said(error)).toEqual({
        code: 'INVALID_ARGUMENT',
        message: `Expected expiresIn to be a whole number from 1 to 604800 (seven days), got ${expiresIn}`,
      })
    }
  })

  it('is not made of a file that is not there, where its name is needed', async () => {
    const error = await rejection(files.signedUrl(newFileId(), { disposition: 'inline' }))

    expect(said(error).code).toBe('FILE_NOT_FOUND')
  })

  it('says what is missing where the credentials cannot sign', async () => {
    const storage = new Storage({ apiEndpoint: server.url, projectId: 'test' })
    storage.authClient.getCredentials = () => Promise.reject(new Error('no credentials on this machine'))
    const error = await rejection(
      new FileStorage('files', new GcsBackend({ bucket: 'files', storage })).signedUrl(newFileId()),
    )

    expect(said(error).message).toContain('no credentials on this machine')
  })

  it('is given up when it is aborted', async () => {
    const signal = AbortSignal.abort(new Error('enough'))

    const backend = backendOn(server.url)
    expect((await rejection(backend.signedUrl(newFileId(), { signal }))).message).toBe('enough')
    expect((await rejection(backend.signedUpload(newFileId(), { signal }))).message).toBe('enough')
  })
})

async function put(
  { url, headers }: DirectUpload,
  body: Uint8Array<ArrayBuffer>,
  more: Record<string, string> = {},
): Promise<number> {
  return (await fetch(url, { method: 'PUT', headers: { ...headers, ...more }, body })).status
}

async function post({ url, fields }: DirectUpload, bytes: Uint8Array<ArrayBuffer>): Promise<number> {
  const form = new FormData()
  for (const [name, value] of Object.entries(fields)) form.append(name, value)
  form.append('file', new Blob([bytes]), 'whatever')
  return (await fetch(url, { method: 'POST', body: form })).status
}

describe('a signed upload by PUT', () => {
  it('stores the file with the name, the type and the disposition', async () => {
    const upload = await files.signedUpload({ filename: '些公.png', contentType: 'image/png' })

    expect(await put(upload, HELLO)).toBe(200)

    expect(await files.get(upload.id)).toMatchObject({
      filename: '些公.png',
      contentType: 'image/png',
      size: 12,
    })
    expect((await objectOf(server, `up/${upload.id}`)).contentDisposition).toMatch(
      /^inline; .*%E5%85%AC.png$/,
    )
  })

  it('refuses another size, another type, and another name', async () => {
    const upload = await files.signedUpload({ filename: 'a.png', contentType: 'image/png', size: 12 })

    const statuses = [
      await put(upload, Buffer.alloc(11)),
      await put(upload, Buffer.alloc(13)),
      await put(upload, HELLO, { 'content-type': 'text/html' }),
      await put(upload, HELLO, { 'x-goog-meta-filedepot-filename': 'b.html' }),
      await put(upload, HELLO, { 'x-goog-content-length-range': '0,1000' }),
    ]

    expect(statuses).toEqual([400, 400, 403, 403, 403])
    expect(await files.exists(upload.id)).toBe(false)
    expect(await put(upload, HELLO)).toBe(200)
  })

  it('stores a file once, so that nobody changes it afterwards', async () => {
    const upload = await files.signedUpload()

    expect([await put(upload, HELLO), await put(upload, Buffer.from('another'))]).toEqual([200, 412])
    expect(await (await files.get(upload.id)).text()).toBe('hello, world')
  })

  it('has the access list and the storage class of the options', async () => {
    const options = { predefinedAcl: 'publicRead', storageClass: 'NEARLINE' } as const
    const open = new FileStorage('open', backendOn(server.url, options))
    const uploads = [await open.signedUpload(), await open.signedUpload({ method: 'POST' })]

    expect([await put(uploads[0]!, HELLO), await post(uploads[1]!, HELLO)]).toEqual([200, 204])

    for (const { id } of uploads) {
      expect((await fetch(open.publicUrl(id)!)).status).toBe(200)
      expect((await objectOf(server, id)).storageClass).toBe('NEARLINE')
    }
  })
})

describe('a signed upload by POST', () => {
  const form = (options: SignedUploadOptions): Promise<DirectUpload> =>
    files.signedUpload({ ...options, method: 'POST' })

  it('stores the file with the name, the type and the disposition', async () => {
    const upload = await form({ filename: '些公.png', contentType: 'image/png', maxSize: 12 })

    expect([upload.url, upload.headers]).toEqual([`${server.url}/files/`, {}])
    expect(await post(upload, HELLO)).toBe(204)

    expect(await files.get(upload.id)).toMatchObject({
      filename: '些公.png',
      contentType: 'image/png',
      size: 12,
    })
    expect((await objectOf(server, `up/${upload.id}`)).contentDisposition).toMatch(
      /^inline; .*%E5%85%AC.png$/,
    )
  })

  it('refuses what is too large, of another size, or changed', async () => {
    const limited = await form({ maxSize: 11 })
    const exact = await form({ size: 13 })
    const typed = await form({ contentType: 'image/png' })
    const changed = { ...typed, fields: { ...typed.fields, 'Content-Type': 'text/html' } }
    const moved = { ...typed, fields: { ...typed.fields, key: 'up/another' } }

    const statuses = await Promise.all([limited, exact, changed, moved].map((upload) => post(upload, HELLO)))

    expect(statuses).toEqual([400, 400, 403, 403])
    for (const { id } of [limited, exact, typed]) expect(await files.exists(id)).toBe(false)
  })

  it('takes any size where none is said', async () => {
    expect(await post(await form({}), Buffer.alloc(100_000))).toBe(204)
  })
})
