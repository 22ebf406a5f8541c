import { afterEach, beforeEach, describe, expect, it } from '@jest/globals'
import { Storage } from '@google-cloud/storage'
import { FileStorage } from '@filedepot/core'
import { newFileId } from '@filedepot/core/backend'
import type { GcsServer } from '@filedepot/testing/gcs-server'
import { GcsBackend } from '@filedepot/gcs'
import { backendOn, startService } from './support/gcs-service.ts'
import { rejection, said } from './support/failure.ts'
import { objectOf } from './support/objects.ts'

const HELLO = Buffer.from('hello, world')
const LARGE = Buffer.alloc(600_000, 'large')
const IN_PARTS = { resumableAbove: 1000, chunkSize: 256 * 1024 }

let server: GcsServer
beforeEach(async () => {
  server = await startService()
})
afterEach(() => server.close())

async function makeUniform(bucket: string): Promise<void> {
  const body = JSON.stringify({
    name: bucket,
    iamConfiguration: { uniformBucketLevelAccess: { enabled: true } },
  })
  await fetch(`${server.url}/storage/v1/b`, { method: 'POST', body })
}

describe('public URLs', () => {
  it('are there where files are public, and anyone reads them', async () => {
    const backend = backendOn(server.url, { predefinedAcl: 'publicRead', prefix: 'a b/#?/' })
    const files = new FileStorage('files', backend)
    const ids = [await files.create(HELLO, { filename: 'ä.txt' }), await files.create(LARGE)]

    const answers = await Promise.all(ids.map((id) => fetch(files.publicUrl(id)!)))

    expect(files.publicUrl(ids[0]!)).toBe(`${server.url}/files/a%20b/%23%3F/${ids[0]!}`)
    expect(answers.map(({ status }) => status)).toEqual([200, 200])
    expect(answers[0]!.headers.get('content-disposition')).toBe(
      `inline; filename="?.txt"; filename*=UTF-8''%C3%A4.txt`,
    )
  })

  it('are not there by default, and files are private', async () => {
    const files = new FileStorage('files', backendOn(server.url))
    const id = await files.create(HELLO)

    expect(files.publicUrl(id)).toBeUndefined()
    expect((await fetch(`${server.url}/files/${id}`)).status).toBe(403)
  })

  it.each([
    [{ publicUrl: true }, 'https://storage.googleapis.com/files/'],
    [{ publicUrl: 'https://cdn.example.com/media' }, 'https://cdn.example.com/media/'],
    [{ publicUrl: 'https://cdn.example.com/', prefix: 'p/' }, 'https://cdn.example.com/p/'],
    [{ publicUrl: true, apiEndpoint: 'https://storage.example.com/' }, 'https://storage.example.com/files/'],
    [
      {
        publicUrl: true,
        storage: new Storage({ apiEndpoint: 'https://gcs.example.com', projectId: 'test' }),
      },
      'https://gcs.example.com/files/',
    ],
  ])('have the base that %j says', (options, base) => {
    const id = newFileId()

    expect(new GcsBackend({ bucket: 'files', ...options }).publicUrl(id)).toBe(base + id)
  })

  it('can be left out', () => {
    const backend = backendOn(server.url, { predefinedAcl: 'publicRead', publicUrl: false })

    expect(backend.publicUrl(newFileId())).toBeUndefined()
  })
})

describe('a bucket with uniform bucket-level access', () => {
  it('is found out by the first file, and no access list is sent from then on', async () => {
    await makeUniform('uniform')
    const files = new FileStorage('files', backendOn(server.url, { bucket: 'uniform', ...IN_PARTS }))

    const ids = [await files.create(HELLO), await files.create(LARGE), await files.create(HELLO)]

    expect(server.requests).toMatchObject({ 'objects.insert': 3, 'uploads.start': 1 })
    for (const id of ids) expect(await files.exists(id)).toBe(true)
  })

  it('is found out by a large file as well', async () => {
    await makeUniform('uniform')
    const files = new FileStorage('files', backendOn(server.url, { bucket: 'uniform', ...IN_PARTS }))

    const id = await files.create(LARGE)

    expect((await (await files.get(id)).bytes()).equals(LARGE)).toBe(true)
    expect(server.requests['uploads.start']).toBe(2)
  })

  it('is sent no access list where the option says so', async () => {
    await makeUniform('uniform')
    const files = new FileStorage('files', backendOn(server.url, { bucket: 'uniform', predefinedAcl: false }))

    await files.create(HELLO)

    expect(server.requests['objects.insert']).toBe(1)
  })

  it('refuses an access list that was asked for', async () => {
    await makeUniform('uniform')
    const backend = backendOn(server.url, { bucket: 'uniform', predefinedAcl: 'publicRead' })

    const error = await rejection(new FileStorage('files', backend).create(HELLO))

    expect(said(error).message).toContain('uniform bucket-level access is enabled')
  })
})

describe('ensureBucket', () => {
  async function bucketOf(name: string): Promise<Record<string, unknown>> {
    return (await (await fetch(`${server.url}/storage/v1/b/${name}`)).json()) as Record<string, unknown>
  }

  it('makes a bucket that is not there, as the options say', async () => {
    const backend = backendOn(server.url, { bucket: 'made-here' })

    const made = await backend.ensureBucket({ location: 'EU', storageClass: 'NEARLINE' })

    expect(made).toBe(true)
    expect(await bucketOf('made-here')).toMatchObject({
      location: 'EU',
      storageClass: 'NEARLINE',
      iamConfiguration: { uniformBucketLevelAccess: { enabled: true } },
    })
    const id = await new FileStorage('files', backend).create(HELLO)
    expect((await objectOf(server, id, 'made-here')).size).toBe('12')
  })

  it('makes one with access lists where these were asked for', async () => {
    await backendOn(server.url, { bucket: 'with-lists', predefinedAcl: 'publicRead' }).ensureBucket()

    expect(await bucketOf('with-lists')).toMatchObject({
      iamConfiguration: { uniformBucketLevelAccess: { enabled: false } },
    })
  })

  it('changes nothing of a bucket that is there', async () => {
    const before = await bucketOf('files')

    expect(await backendOn(server.url).ensureBucket({ location: 'EU' })).toBe(false)
    expect(await bucketOf('files')).toEqual(before)
  })

  it('is content where another makes the bucket in the same moment', async () => {
    const backends = Array.from({ length: 8 }, () => backendOn(server.url, { bucket: 'raced' }))

    const made = await Promise.all(backends.map((backend) => backend.ensureBucket()))

    expect(made.filter(Boolean)).toHaveLength(1)
  })

  it('says where the name belongs to a stranger', async () => {
    const message = 'tester does not have storage.buckets.get access to the bucket.'
    server.failNext({ kind: 'buckets.get', status: 403, message })

    const error = await rejection(backendOn(server.url, { bucket: 'taken' }).ensureBucket())

    expect(error).toMatchObject({ name: 'GcsError', code: 403, message: `${message} (HTTP 403)` })
  })
})
