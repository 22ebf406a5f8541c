import { describe, expect, it } from '@jest/globals'
import { Storage } from '@google-cloud/storage'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { newFileId } from '@filedepot/core/backend'
import { GcsBackend } from '@filedepot/gcs'
import { ACCOUNT, backendOn, credentials, startService } from './support/gcs-service.ts'
import { rejection, said } from './support/failure.ts'

const bad: [string, object, string][] = [
  ['no bucket', { bucket: '' }, 'Expected bucket to be the name of a bucket, got ""'],
  ['a bucket that is a path', { bucket: 'a/b' }, 'Expected bucket to be the name of a bucket, got "a/b"'],
  [
    'a prefix from the root',
    { prefix: '/uploads' },
    'Expected prefix to be a text such as "uploads/", without a slash at its start, got "/uploads"',
  ],
  [
    'parts of 1 MB',
    { chunkSize: 1_000_000 },
    'Expected chunkSize to be a multiple of 256 KiB (262,144), got 1000000',
  ],
  [
    'a negative size',
    { resumableAbove: -1 },
    'Expected resumableAbove to be a whole number from 0 up, got -1',
  ],
  [
    'no deletes at once',
    { deletesAtOnce: 0 },
    'Expected deletesAtOnce to be a whole number from 1 up, got 0',
  ],
  ['no time', { timeout: 0 }, 'Expected timeout to be a whole number of milliseconds from 1 up, got 0'],
  [
    'types that are no list',
    { inlineTypes: 'image/png' },
    'Expected inlineTypes to be a list of media types, got "image/png"',
  ],
  [
    'a public URL that is none',
    { publicUrl: 'cdn.example.com' },
    'Expected publicUrl to be true, false or an absolute URL, got "cdn.example.com"',
  ],
  [
    'a client and what would make one',
    { storage: new Storage({ projectId: 'test' }), projectId: 'test' },
    'Expected projectId to be left out where a storage is given, got "test"',
  ],
]

describe('the options of GcsBackend', () => {
  it.each(bad)('refuse %s', async (_, options, message) => {
    const making = (): Promise<GcsBackend> =>
      Promise.resolve().then(() => new GcsBackend({ bucket: 'files', ...options }))

    expect(said(await rejection(making()))).toEqual({ code: 'INVALID_ARGUMENT', message })
  })

  it('ask nobody for anything before the first file', async () => {
    const server = await startService()
    let made = 0

    const backend = new GcsBackend({
      bucket: 'files',
      storage: () => {
        made++
        return new Storage({ apiEndpoint: server.url, projectId: 'test' })
      },
    })
    expect([made, server.requests]).toEqual([0, {}])

    await Promise.all([backend.stat(newFileId()), backend.stat(newFileId())])
    expect([made, server.requests]).toEqual([1, { 'objects.get': 2 }])
    await backend.close()
    await server.close()
  })

  it('make a client anew where the first could not be made', async () => {
    const server = await startService()
    let tries = 0
    const backend = new GcsBackend({
      bucket: 'files',
      storage: () => {
        if (tries++ === 0) throw new Error('the secret store is down')
        return new Storage({ apiEndpoint: server.url, projectId: 'test' })
      },
    })

    expect((await rejection(backend.stat(newFileId()))).message).toBe('the secret store is down')
    expect(await backend.stat(newFileId())).toBeUndefined()
    await backend.close()
    await server.close()
  })

  it('take the credentials from a key file, as what is in it, or from the environment', async () => {
    const server = await startService()
    const folder = await mkdtemp(join(tmpdir(), 'filedepot-'))
    const file = join(folder, 'key.json')
    await writeFile(file, JSON.stringify({ type: 'service_account', project_id: 'test', ...credentials }))
    const before = process.env.GOOGLE_APPLICATION_CREDENTIALS
    process.env.GOOGLE_APPLICATION_CREDENTIALS = file

    const endpoint = { bucket: 'files', apiEndpoint: server.url }
    const backends = [
      new GcsBackend({ ...endpoint, credentials: file }),
      new GcsBackend({ ...endpoint, credentials }),
      new GcsBackend(endpoint),
    ]
    const urls = await Promise.all(backends.map((backend) => backend.signedUrl(newFileId(), {})))

    // Signed by the account that the credentials are of; there is no such file.
    for (const url of urls) {
      expect(new URL(url).searchParams.get('X-Goog-Credential')).toContain(ACCOUNT)
      expect((await fetch(url)).status).toBe(404)
    }
    if (before === undefined) delete process.env.GOOGLE_APPLICATION_CREDENTIALS
    else process.env.GOOGLE_APPLICATION_CREDENTIALS = before
    await rm(folder, { recursive: true })
    await Promise.all(backends.map((backend) => backend.close()))
    await server.close()
  })

  it('are shown where they name the place of the files', () => {
    const backend = backendOn('http://127.0.0.1:1', { prefix: 'uploads/' })

    expect([backend.bucket, backend.prefix]).toEqual(['files', 'uploads/'])
  })
})
