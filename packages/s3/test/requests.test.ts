import { expect, it } from '@jest/globals'
import { newFileId } from '@filedepot/core/backend'
import { openUploads } from './support/buckets.ts'
import { proxied } from './support/proxied.ts'
import { bytesOf, chunksOf, listOf, MIB } from './support/samples.ts'
import { describeOnServers } from './support/servers.ts'

describeOnServers('requests', (server) => {
  it('are none where a backend is made and closed', async () => {
    await using setup = await proxied(server)

    await setup.backend.close()

    expect(setup.proxy.operations).toEqual([])
  })

  it('are one for each small file, whole or as a stream', async () => {
    await using setup = await proxied(server)

    await setup.files.create(bytesOf(1000))
    await setup.files.create(chunksOf(bytesOf(3 * MIB)))
    await setup.files.create(chunksOf(bytesOf(5 * MIB)))

    expect(setup.proxy.operations).toEqual(['PutObject', 'PutObject', 'PutObject'])
  })

  it('are one for each part of 5 MiB of a large file, and two more', async () => {
    await using setup = await proxied(server)

    await setup.files.create(chunksOf(bytesOf(12 * MIB)))

    expect(setup.proxy.operations).toEqual([
      'CreateMultipartUpload',
      ...Array<string>(3).fill('UploadPart'),
      'CompleteMultipartUpload',
    ])
    expect(await openUploads(server, setup.backend.bucket)).toEqual([])
  })

  it('are one to open a file, one to read it, and one to see if it is there', async () => {
    await using setup = await proxied(server)
    const id = await setup.files.create(bytesOf(1000))
    setup.proxy.operations.length = 0

    const file = await setup.files.get(id)
    await file.bytes()
    await (await file.stream({ start: 10, end: 20 })).toArray()
    await setup.files.exists(id)

    expect(setup.proxy.operations).toEqual(['HeadObject', 'GetObject', 'GetObject', 'HeadObject'])
  })

  it('are one more for the first file that is missing, to tell it from a missing bucket', async () => {
    await using setup = await proxied(server)

    await setup.files.exists(newFileId())
    await setup.files.exists(newFileId())

    expect(setup.proxy.operations).toEqual(['HeadObject', 'HeadBucket', 'HeadObject'])
  })

  it('are two to replace a file: its name is kept', async () => {
    await using setup = await proxied(server)
    const id = await setup.files.create(bytesOf(10))
    setup.proxy.operations.length = 0

    await setup.files.replace(id, bytesOf(20))

    expect(setup.proxy.operations).toEqual(['HeadObject', 'PutObject'])
  })

  it('are ten to delete 10,000 files', async () => {
    await using setup = await proxied(server)
    const there = await setup.files.create(bytesOf(10))
    setup.proxy.operations.length = 0
    const ids = Array.from({ length: 9_999 }, () => newFileId())

    const report = await setup.files.deleteMany([...ids, there])

    expect(report).toEqual({ failed: [] })
    expect(setup.proxy.operations).toEqual(Array<string>(10).fill('DeleteObjects'))
    expect(await setup.files.exists(there)).toBe(false)
  })

  it('are one to list a thousand files', async () => {
    await using setup = await proxied(server)
    await setup.files.create(bytesOf(10))
    setup.proxy.operations.length = 0

    await listOf(setup.files.list())

    expect(setup.proxy.operations).toEqual(['ListObjects'])
  })

  it('are none to make URLs, but one for the name in a disposition', async () => {
    await using setup = await proxied(server)
    const id = await setup.files.create(bytesOf(10))
    setup.proxy.operations.length = 0

    await setup.files.signedUrl(id)
    await setup.files.signedUrl(id, { filename: 'a.txt', contentType: 'text/plain', disposition: 'inline' })
    await setup.files.signedUpload()
    await setup.files.signedUpload({ method: 'POST' })
    expect(setup.proxy.operations).toEqual([])

    await setup.files.signedUrl(id, { disposition: 'attachment' })
    expect(setup.proxy.operations).toEqual(['HeadObject'])
  })
})
