import { PutBucketPolicyCommand, S3Client } from '@aws-sdk/client-s3'
import { describe, expect, it } from '@jest/globals'
import { FileStorage } from '@filedepot/core'
import { newFileId } from '@filedepot/core/backend'
import { S3Backend, S3Error } from '@filedepot/s3'
import { createServer } from 'node:net'
import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { backendOn, clientOf, openUploads, optionsFor, removeBucket } from './support/buckets.ts'
import { proxied } from './support/proxied.ts'
import { bytesOf, chunksOf, failure, listOf, MIB } from './support/samples.ts'
import { describeOnRealServer, describeOnServers } from './support/servers.ts'

/** Everything that a storage does, and what each rejects with. */
async function failuresOf(files: FileStorage, size = 10): Promise<[string, Error][]> {
  const id = newFileId()
  const errors: [string, Error][] = [
    ['WRITE_FAILED', await failure(files.create(bytesOf(size)))],
    ['WRITE_FAILED', await failure(files.create(chunksOf(bytesOf(11 * MIB))))],
    ['READ_FAILED', await failure(files.get(id))],
    ['READ_FAILED', await failure(files.exists(id))],
    ['READ_FAILED', await failure(files.read(id))],
    ['DELETE_FAILED', await failure(files.delete(id))],
    ['READ_FAILED', await failure(listOf(files.list()))],
  ]
  return errors
}

function expectAll(errors: [string, Error][], s3: { code: string; message: RegExp }): void {
  for (const [code, error] of errors) {
    expect(error).toMatchObject({ code, cause: { name: 'S3Error', code: s3.code } })
    expect(error.message).toMatch(s3.message)
    expect((error.cause as S3Error).cause).toBeInstanceOf(Error)
  }
}

describe('no service', () => {
  it('at the endpoint is said, with the endpoint', async () => {
    const listener = createServer().listen(0, '127.0.0.1')
    await once(listener, 'listening')
    const endpoint = `http://127.0.0.1:${(listener.address() as AddressInfo).port}`
    await once(listener.close(), 'close')
    const credentials = { accessKeyId: 'key', secretAccessKey: 'secret' }
    const files = new FileStorage(
      'docs',
      new S3Backend({ bucket: 'uploads', endpoint, credentials, retries: 0 }),
    )

    const errors = await failuresOf(files)

    expectAll(errors, { code: 'ECONNREFUSED', message: new RegExp(`nothing answers at ${endpoint}`) })
  })
})

describe('no credentials', () => {
  it('are said', async () => {
    const backend = new S3Backend({
      bucket: 'uploads',
      client: new S3Client({
        region: 'us-east-1',
        credentials: () =>
          Promise.reject(Object.assign(new Error('none'), { name: 'CredentialsProviderError' })),
      }),
    })

    const error = await failure(new FileStorage('docs', backend).create(bytesOf(10)))

    expect(error.message).toMatch(/no credentials were found \(CredentialsProviderError\)$/)
  })
})

describeOnServers('a missing bucket', (server) => {
  it('is said, also where a file is looked for', async () => {
    const backend = new S3Backend(optionsFor(server))

    const errors = await failuresOf(new FileStorage('docs', backend))

    expectAll(errors, {
      code: 'NoSuchBucket',
      message: new RegExp(`there is no bucket "${backend.bucket}"; ensureBucket\\(\\) makes it`),
    })
    await backend.close()
  })
})

describeOnServers('a full service', (server) => {
  it.each([
    ['QuotaExceeded', 403],
    ['XMinioStorageFull', 507],
  ])('is STORAGE_FULL, where it says %s', async (code, answer) => {
    await using setup = await proxied(server, { retries: 0 })
    setup.proxy.fail('PutObject', { answer, code }, 100)

    const error = await failure(setup.files.create(bytesOf(10)))

    expect(error).toMatchObject({ code: 'STORAGE_FULL', cause: { cause: { name: code } } })
  })
})

describeOnRealServer('a service that checks who asks', (server) => {
  it('refuses a key that it does not know', async () => {
    const { bucket } = await backendOn(server)
    const credentials = { accessKeyId: 'NOBODYNOBODYNOBODY00', secretAccessKey: 'secret' }
    const files = new FileStorage('docs', new S3Backend(optionsFor(server, { bucket, credentials })))

    const error = await failure(files.create(bytesOf(4 * MIB)))

    expect(error).toMatchObject({ code: 'WRITE_FAILED', cause: { code: 'InvalidAccessKeyId', status: 403 } })
    expect(error.message).toMatch(/the service does not know the access key/)
    expect((await failure(files.get(newFileId()))).message).toMatch(/the credentials do not allow it/)
    await removeBucket(server, bucket)
  })

  it('refuses a secret that is not that of the key', async () => {
    const { bucket } = await backendOn(server)
    const credentials = { ...server.credentials, secretAccessKey: 'secret' }
    const files = new FileStorage('docs', new S3Backend(optionsFor(server, { bucket, credentials })))

    const error = await failure(files.create(chunksOf(bytesOf(11 * MIB))))

    expect(error).toMatchObject({ code: 'WRITE_FAILED', cause: { code: 'SignatureDoesNotMatch' } })
    expect(error.message).toMatch(/the secret key does not belong to the access key/)
    await removeBucket(server, bucket)
  })

  it('refuses what the policy of the bucket forbids, file by file', async () => {
    const backend = await backendOn(server)
    const files = new FileStorage('docs', backend)
    const [kept, gone] = [await files.create(bytesOf(10)), await files.create(bytesOf(10))]
    const client = clientOf(server)
    const deny = (Action: string, key = '*'): object => ({
      Effect: 'Deny',
      Principal: '*',
      Action,
      Resource: `arn:aws:s3:::${backend.bucket}/${key}`,
    })
    const policy = (...Statement: object[]): PutBucketPolicyCommand =>
      new PutBucketPolicyCommand({
        Bucket: backend.bucket,
        Policy: JSON.stringify({ Version: '2012-10-17', Statement }),
      })

    await client.send(policy(deny('s3:PutObject'), deny('s3:GetObject'), deny('s3:DeleteObject', kept)))
    const writing = await failure(files.create(chunksOf(bytesOf(11 * MIB))))
    const reading = await failure(files.read(kept))
    const { failed } = await files.deleteMany([gone, kept])
    await client.send(policy(deny('s3:ListBucket')))

    expect(writing).toMatchObject({ code: 'WRITE_FAILED', cause: { code: 'AccessDenied', status: 403 } })
    expect(writing.message).toMatch(/the credentials do not allow it on the bucket/)
    expect(reading).toMatchObject({ code: 'READ_FAILED', cause: { code: 'AccessDenied' } })
    expect(failed).toMatchObject([
      { id: kept, error: { code: 'DELETE_FAILED', cause: { code: 'AccessDenied' } } },
    ])
    expect(await openUploads(server, backend.bucket)).toEqual([])
    expect(await listOf(files.list())).toEqual([kept])
    client.destroy()
    await removeBucket(server, backend.bucket)
  })

  it('says that the clock of this machine is wrong, and is served when the SDK has learnt the time', async () => {
    const { bucket } = await backendOn(server)
    const { endpoint, region, credentials } = server
    const systemClockOffset = 3_600_000
    const client = new S3Client({ endpoint, region, credentials, forcePathStyle: true, systemClockOffset })
    const files = new FileStorage('docs', new S3Backend({ bucket, client }))

    const error = await failure(files.create(bytesOf(10)))
    const id = await files.create(bytesOf(10))

    expect(error).toMatchObject({
      code: 'WRITE_FAILED',
      cause: { code: 'RequestTimeTooSkewed', status: 403 },
    })
    expect(error.message).toMatch(/the clock of this machine differs from that of the service/)
    expect((await (await files.get(id)).bytes()).byteLength).toBe(10)
    client.destroy()
    await removeBucket(server, bucket)
  })
})
