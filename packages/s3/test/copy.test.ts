import { expect, it } from '@jest/globals'
import { copyStorage, FileStorage, MemoryBackend } from '@filedepot/core'
import { newFileId } from '@filedepot/core/backend'
import { S3Backend } from '@filedepot/s3'
import { backendOn, optionsFor, removeBucket } from './support/buckets.ts'
import { proxied } from './support/proxied.ts'
import { bytesOf, chunksOf, failure, infoOf, MIB } from './support/samples.ts'
import { describeOnServers } from './support/servers.ts'

const options = { filename: '些公.pdf', contentType: 'application/pdf', metadata: { author: 'Ада' } }

describeOnServers('a copy between two storages of one service', (server) => {
  it('is one request, without the bytes, and keeps the id and all metadata', async () => {
    await using setup = await proxied(server, { prefix: 'backup of/ünï & more/' })
    const { proxy, backend, files } = setup
    const from = new S3Backend(
      optionsFor(server, {
        bucket: backend.bucket,
        prefix: 'files of/ünï & more/',
        endpoint: proxy.endpoint,
      }),
    )
    const source = new FileStorage('source', from)
    const file = await source.get(await source.create(bytesOf(100_000), options))
    proxy.operations.length = 0

    await files.replace(file, file)

    expect(proxy.operations).toEqual(['CopyObject'])
    const copy = await files.get(file.id)
    const { sha256, lastModified, size } = file
    expect(copy).toMatchObject({ ...options, sha256, lastModified, size })
    expect(Buffer.compare(await copy.bytes(), bytesOf(100_000))).toBe(0)
    await from.close()
  })

  it('copies to another bucket, and what came in parts', async () => {
    await using setup = await proxied(server)
    const backup = await backendOn(server, { endpoint: setup.proxy.endpoint })
    const file = await setup.files.get(await setup.files.create(chunksOf(bytesOf(12 * MIB)), options))
    setup.proxy.operations.length = 0

    expect(await backup.copy(setup.backend, file.id)).toBe(true)

    expect(setup.proxy.operations).toEqual(['CopyObject'])
    const copy = await new FileStorage('backup', backup).get(file.id)
    expect(copy).toMatchObject(options)
    expect(Buffer.compare(await copy.bytes(), bytesOf(12 * MIB))).toBe(0)
    await backup.close()
    await removeBucket(server, backup.bucket)
  })

  it('of a whole storage is a request for each file and two to look, without their bytes', async () => {
    await using setup = await proxied(server, { prefix: 'files/' })
    const { proxy, backend, files } = setup
    const to = new S3Backend(optionsFor(server, { bucket: backend.bucket, endpoint: proxy.endpoint }))
    const backup = new FileStorage('backup', to)
    for (let n = 0; n < 3; n++) await files.create(bytesOf(1000 + n), options)
    await files.create(chunksOf(bytesOf(12 * MIB)), options)
    proxy.operations.length = 0

    const report = await copyStorage(files, backup)

    expect(report).toEqual({ copied: 4, skipped: 0, vanished: 0, bytes: 12 * MIB + 3003, leftovers: [] })
    const counts = ['CopyObject', 'HeadObject', 'ListObjects'].map((operation) => proxy.count(operation))
    expect([proxy.count(), ...counts]).toEqual([14, 4, 8, 2])
    expect(await copyStorage(files, backup)).toMatchObject({ copied: 0, skipped: 4 })
    await to.close()
  })

  it('that comes from elsewhere carries its hash and its time, also in parts', async () => {
    await using setup = await proxied(server)
    const memory = new FileStorage('memory', new MemoryBackend())
    const lastModified = new Date('2019-03-04T05:06:07Z')
    const id = await memory.create(chunksOf(bytesOf(12 * MIB)), options)
    const file = await memory.get(id)
    await memory.backend.write(
      id,
      bytesOf(12 * MIB),
      infoOf({ ...options, sha256: file.sha256, lastModified }),
      {},
    )

    await copyStorage(memory, setup.files)

    expect(setup.proxy.count('UploadPart')).toBe(3)
    expect(await setup.files.get(id)).toMatchObject({ ...options, sha256: file.sha256, lastModified })
  })

  it('of a file that is not there is FILE_NOT_FOUND, and nothing is stored', async () => {
    await using setup = await proxied(server)
    const backup = await backendOn(server, { endpoint: setup.proxy.endpoint })

    const error = await failure(backup.copy(setup.backend, newFileId()))

    expect(error.code).toBe('FILE_NOT_FOUND')
    await backup.close()
    await removeBucket(server, backup.bucket)
  })

  it('sends the bytes where the service may not copy them', async () => {
    await using setup = await proxied(server, { prefix: 'backup/' })
    const { proxy, backend, files } = setup
    const source = new FileStorage(
      'source',
      new S3Backend(optionsFor(server, { bucket: backend.bucket, endpoint: proxy.endpoint })),
    )
    const file = await source.get(await source.create(bytesOf(1000), options))
    proxy.operations.length = 0
    proxy.fail('CopyObject', { answer: 403, code: 'AccessDenied' })

    await files.replace(file, file)

    expect(proxy.operations).toEqual(['CopyObject', 'GetObject', 'PutObject'])
    expect(await files.get(file.id)).toMatchObject(options)
    await source.backend.close?.()
  })

  it('is left to the caller where the services are two', async () => {
    await using setup = await proxied(server)
    const past = await backendOn(server)

    expect(await past.copy(setup.backend, newFileId())).toBe(false)

    await past.close()
    await removeBucket(server, past.bucket)
  })

  it('has nothing to do where both are one place', async () => {
    await using setup = await proxied(server)
    const { proxy, backend, files } = setup
    const same = new S3Backend(optionsFor(server, { bucket: backend.bucket, endpoint: proxy.endpoint }))
    const file = await files.get(await files.create(bytesOf(1000)))
    proxy.operations.length = 0

    await new FileStorage('same', same).replace(file, file)

    expect(proxy.operations).toEqual(['HeadObject'])
    expect((await failure(same.copy(backend, newFileId()))).code).toBe('FILE_NOT_FOUND')
    await same.close()
  })

  it('stops when it is aborted', async () => {
    await using setup = await proxied(server, { prefix: 'backup/' })
    const { proxy, backend, files } = setup
    const from = new S3Backend(optionsFor(server, { bucket: backend.bucket, endpoint: proxy.endpoint }))
    const source = new FileStorage('source', from)
    const file = await source.get(await source.create(bytesOf(1000)))
    proxy.fail('CopyObject', { hang: true })

    const error = await failure(files.replace(file, file, { signal: AbortSignal.timeout(100) }))

    expect(error.code).toBe('ABORTED')
    await from.close()
  })
})
