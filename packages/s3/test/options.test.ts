import { GetObjectAclCommand, HeadObjectCommand, S3Client } from '@aws-sdk/client-s3'
import { describe, expect, it } from '@jest/globals'
import { FiledepotError, FileStorage } from '@filedepot/core'
import { newFileId } from '@filedepot/core/backend'
import { S3Backend, type S3BackendOptions } from '@filedepot/s3'
import { randomBytes, randomUUID } from 'node:crypto'
import { buffer } from 'node:stream/consumers'
import { backendOn, clientOf, optionsFor, removeBucket } from './support/buckets.ts'
import { proxied } from './support/proxied.ts'
import { bytesOf, chunksOf, failure, MIB } from './support/samples.ts'
import { describeOnRealServer, describeOnServers } from './support/servers.ts'

const ID = '01890a5d-ac96-774b-bcce-b302099a8057'

describe('the options', () => {
  const client = new S3Client({ region: 'us-east-1' })

  it.each<[Partial<Record<keyof S3BackendOptions, unknown>>, string]>([
    [{ bucket: '' }, 'Expected bucket to be the name of a bucket, got ""'],
    [{ bucket: undefined }, 'Expected bucket to be the name of a bucket, got undefined'],
    [{ prefix: 5 }, 'Expected prefix to be text, got 5'],
    [{ endpoint: 'localhost:9000' }, 'Expected endpoint to be an absolute URL of HTTP, got "localhost:9000"'],
    [{ publicUrl: '/files' }, 'Expected publicUrl to be an absolute URL of HTTP, got "/files"'],
    [{ requestTimeout: 0 }, 'Expected requestTimeout to be a whole number from 1 to 2147483647, got 0'],
    [{ retries: 1.5 }, 'Expected retries to be a whole number from 0 to 100, got 1.5'],
    [
      { partSize: 1_000_000 },
      'Expected partSize to be a whole number from 5242880 to 5368709120, got 1000000',
    ],
    [
      { encryption: { type: 'customer', key: randomBytes(16) } },
      'Expected encryption.key to be 32 bytes, got "16 bytes"',
    ],
    [
      { client, region: 'eu-central-1' },
      'Expected region to be left to the client, as a client is given, got "eu-central-1"',
    ],
  ])('%p are refused', (options, message) => {
    const make = (): S3Backend => new S3Backend({ bucket: 'uploads', ...options } as S3BackendOptions)

    expect(make).toThrow(new FiledepotError('INVALID_ARGUMENT', message))
  })

  it.each<[Partial<S3BackendOptions>, string | undefined]>([
    [{}, undefined],
    [{ acl: 'private', region: 'eu-central-1' }, undefined],
    [{ publicUrl: 'https://cdn.example.com/' }, `https://cdn.example.com/a%20b/${ID}`],
    [{ publicUrl: 'https://cdn.example.com/files' }, `https://cdn.example.com/files/a%20b/${ID}`],
    [
      { acl: 'public-read', region: 'eu-central-1' },
      `https://uploads.s3.eu-central-1.amazonaws.com/a%20b/${ID}`,
    ],
    [
      { acl: 'public-read', endpoint: 'http://localhost:9000', forcePathStyle: true },
      `http://localhost:9000/uploads/a%20b/${ID}`,
    ],
    [
      { acl: 'public-read', endpoint: 'https://fra1.digitaloceanspaces.com' },
      `https://uploads.fra1.digitaloceanspaces.com/a%20b/${ID}`,
    ],
    [{ acl: 'public-read' }, undefined],
  ])('%p make the public URL %p', (options, url) => {
    const backend = new S3Backend({ bucket: 'uploads', prefix: 'a b/', ...options })

    expect(backend.publicUrl(ID)).toBe(url)
  })

  it('takes the region of the public URL from the environment, as the client does', () => {
    const before = process.env.AWS_REGION
    process.env.AWS_REGION = 'eu-central-1'
    try {
      const url = new S3Backend({ bucket: 'uploads', acl: 'public-read' }).publicUrl(ID)

      expect(url).toBe(`https://uploads.s3.eu-central-1.amazonaws.com/${ID}`)
    } finally {
      if (before === undefined) delete process.env.AWS_REGION
      else process.env.AWS_REGION = before
    }
  })
})

describeOnServers('a client of one’s own', (server) => {
  const clientConfig = () => {
    const { endpoint, region, credentials } = server
    return { endpoint, region, credentials, forcePathStyle: true }
  }

  it('is used, and stays open', async () => {
    const { bucket } = await backendOn(server)
    const client = new S3Client(clientConfig())
    const backend = new S3Backend({ bucket, client })
    const id = await new FileStorage('docs', backend).create(bytesOf(10))

    await backend.close()

    const again = await new FileStorage('docs', new S3Backend({ bucket, client })).get(id)
    expect((await again.bytes()).byteLength).toBe(10)
    client.destroy()
    await removeBucket(server, bucket)
  })

  it('is made once, on first use, by a function, and closed with the backend', async () => {
    const { bucket } = await backendOn(server)
    let made = 0
    let destroyed = 0
    const backend = new S3Backend({
      bucket,
      async client() {
        made++
        const client = await Promise.resolve(new S3Client(clientConfig()))
        const destroy = client.destroy.bind(client)
        client.destroy = () => {
          destroyed++
          destroy()
        }
        return client
      },
    })
    expect(made).toBe(0)

    const files = new FileStorage('docs', backend)
    await Promise.all([files.create(bytesOf(10)), files.create(bytesOf(10)), files.exists(newFileId())])
    await backend.close()

    expect([made, destroyed]).toEqual([1, 1])
    await removeBucket(server, bucket)
  })

  it('is asked for again where the function failed', async () => {
    const { bucket } = await backendOn(server)
    let calls = 0
    const backend = new S3Backend({
      bucket,
      client() {
        if (++calls === 1) throw new Error('the secrets are not there yet')
        return new S3Client(clientConfig())
      },
    })
    const files = new FileStorage('docs', backend)

    const error = await failure(files.create(bytesOf(10)))
    await files.create(bytesOf(10))

    expect(error.code).toBe('WRITE_FAILED')
    expect(error.message).toMatch(/the secrets are not there yet/)
    await backend.close()
    await removeBucket(server, bucket)
  })
})

describeOnServers('ensureBucket', (server) => {
  it('makes the bucket once, however many ask for it', async () => {
    const options = optionsFor(server)
    const backend = new S3Backend(options)

    await Promise.all([backend.ensureBucket(), new S3Backend(options).ensureBucket()])
    await backend.ensureBucket()

    expect(await new FileStorage('docs', backend).exists(newFileId())).toBe(false)
    await backend.close()
    await removeBucket(server, options.bucket)
  })
})

describeOnServers('parts', (server) => {
  it('are of the size that the option says', async () => {
    await using setup = await proxied(server, { partSize: 8 * MIB })

    await setup.files.create(chunksOf(bytesOf(8 * MIB)))
    await setup.files.create(chunksOf(bytesOf(8 * MIB + 1)))

    expect(setup.proxy.operations).toEqual([
      'PutObject',
      'CreateMultipartUpload',
      'UploadPart',
      'UploadPart',
      'CompleteMultipartUpload',
    ])
  })
})

describeOnServers('what is said of every file that is stored', (server) => {
  it('is nothing of ACLs, storage classes and encryption without the options', async () => {
    await using setup = await proxied(server)

    await setup.files.create(bytesOf(10))
    await setup.files.create(chunksOf(bytesOf(6 * MIB)))

    const said = setup.proxy.headers.flatMap((headers) => Object.keys(headers))
    expect(said.filter((name) => /acl|storage-class|encryption/.test(name))).toEqual([])
  })

  it('is the ACL, the storage class and the encryption of the options, in every way of storing', async () => {
    await using setup = await proxied(server, {
      acl: 'public-read',
      storageClass: 'STANDARD_IA',
      encryption: { type: 's3' },
    })
    const { proxy, files, backend } = setup
    const to = new S3Backend(
      optionsFor(server, {
        bucket: backend.bucket,
        prefix: 'copies/',
        endpoint: proxy.endpoint,
        acl: 'public-read',
        storageClass: 'STANDARD_IA',
        encryption: { type: 's3' },
      }),
    )

    const id = await files.create(bytesOf(10))
    await files.create(chunksOf(bytesOf(6 * MIB)))
    await to.copy(backend, id)

    for (const operation of ['PutObject', 'CreateMultipartUpload', 'CopyObject']) {
      expect(proxy.headers[proxy.operations.indexOf(operation)]).toMatchObject({
        'x-amz-acl': 'public-read',
        'x-amz-storage-class': 'STANDARD_IA',
        'x-amz-server-side-encryption': 'AES256',
      })
    }
    await to.close()
  })

  it('is the key of KMS', async () => {
    await using setup = await proxied(server, { encryption: { type: 'kms', keyId: 'key-1' }, retries: 0 })

    // Ceph has no such key; what matters is that it was asked for.
    await setup.files.create(bytesOf(10)).catch(() => undefined)

    expect(setup.proxy.headers.at(-1)).toMatchObject({
      'x-amz-server-side-encryption': 'aws:kms',
      'x-amz-server-side-encryption-aws-kms-key-id': 'key-1',
    })
  })
})

describeOnRealServer('a real service', (server) => {
  it('keeps files private, and shows them to everybody with the ACL public-read', async () => {
    const hidden = await backendOn(server)
    const shown = await backendOn(server, { bucket: hidden.bucket, prefix: 'public/', acl: 'public-read' })
    const privateId = await new FileStorage('hidden', hidden).create(bytesOf(1000))
    const publicFiles = new FileStorage('shown', shown)
    const publicId = await publicFiles.create(bytesOf(1000))

    const refused = await fetch(`${server.endpoint}/${hidden.bucket}/${privateId}`)
    const served = await fetch(publicFiles.publicUrl(publicId)!)

    expect([refused.status, served.status]).toEqual([403, 200])
    expect(hidden.publicUrl(privateId)).toBeUndefined()
    expect(Buffer.compare(Buffer.from(await served.arrayBuffer()), bytesOf(1000))).toBe(0)
    const client = clientOf(server)
    const acl = await client.send(new GetObjectAclCommand({ Bucket: hidden.bucket, Key: privateId }))
    expect(acl.Grants?.length).toBe(1)
    client.destroy()
    await removeBucket(server, hidden.bucket)
  })

  it('keeps files in the storage class', async () => {
    const backend = await backendOn(server, { storageClass: 'STANDARD_IA' })
    const Key = await new FileStorage('docs', backend).create(bytesOf(10))

    const client = clientOf(server)
    const { StorageClass } = await client.send(new HeadObjectCommand({ Bucket: backend.bucket, Key }))

    expect(StorageClass).toBe('STANDARD_IA')
    client.destroy()
    await removeBucket(server, backend.bucket)
  })

  it('reads files of a customer’s key with that key only, and copies them one way or another', async () => {
    const encryption = { type: 'customer', key: randomBytes(32) } as const
    const backend = await backendOn(server, { encryption })
    const copies = new S3Backend(
      optionsFor(server, { bucket: backend.bucket, prefix: 'copies/', encryption }),
    )
    const files = new FileStorage('docs', backend)

    const small = await files.create(bytesOf(1000), { filename: 'a.bin' })
    const large = await files.create(chunksOf(bytesOf(11 * MIB)))
    const file = await files.get(small)
    await new FileStorage('copies', copies).replace(file, file)

    expect((await files.get(small)).filename).toBe('a.bin')
    expect(Buffer.compare(await buffer(await backend.read(large)), bytesOf(11 * MIB))).toBe(0)
    expect(Buffer.compare(await buffer(await copies.read(small)), bytesOf(1000))).toBe(0)
    const keyless = new FileStorage('docs', new S3Backend(optionsFor(server, { bucket: backend.bucket })))
    expect((await failure(keyless.get(small))).code).toBe('READ_FAILED')
    const signing = [files.signedUrl(small), files.signedUpload()]
    for (const one of signing) expect((await failure(one)).code).toBe('NOT_SUPPORTED')
    await removeBucket(server, backend.bucket)
  })

  it('says which name a bucket cannot have', async () => {
    const backend = new S3Backend(optionsFor(server, { bucket: `No_Bucket-${randomUUID()}` }))

    await expect(backend.ensureBucket()).rejects.toMatchObject({ name: 'S3Error', code: 'InvalidBucketName' })
  })
})
