import { expect, it } from '@jest/globals'
import { newFileId } from '@filedepot/core/backend'
import { S3Error, type S3BackendOptions } from '@filedepot/s3'
import { createHash } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import { keysIn, openUploads } from './support/buckets.ts'
import { proxied, type Proxied } from './support/proxied.ts'
import { bytesOf, chunksOf, failure, hangingAfter, infoOf, listOf, MIB } from './support/samples.ts'
import { describeOnServers, type S3Server } from './support/servers.ts'

const LARGE = bytesOf(21 * MIB)

async function expectNothingLeft(server: S3Server, { backend }: Proxied): Promise<void> {
  expect(await keysIn(server, backend.bucket)).toEqual([])
  expect(await openUploads(server, backend.bucket)).toEqual([])
}

describeOnServers('a service that fails in passing', (server) => {
  it.each<[string, Parameters<Proxied['proxy']['fail']>[1]]>([
    ['says that it is too busy', { answer: 503, code: 'SlowDown' }],
    ['has an internal error', { answer: 500, code: 'InternalError' }],
    ['breaks the connection at once', { resetRequestAfter: 0 }],
    ['breaks the connection in the middle of the bytes', { resetRequestAfter: 1 * MIB }],
    ['loses the answer', { loseAnswer: true }],
  ])('is asked again where it %s', async (_, fault) => {
    await using setup = await proxied(server)
    const { proxy, files } = setup
    const id = newFileId()
    const small = bytesOf(2 * MIB)

    proxy.fail('PutObject', fault, 2)
    await setup.backend.write(id, small, infoOf(), {})
    proxy.fail('UploadPart', fault, 2)
    const large = await files.create(chunksOf(LARGE))

    expect([proxy.count('PutObject'), proxy.count('UploadPart')]).toEqual([3, 7])
    expect(Buffer.compare(await (await files.get(id)).bytes(), small)).toBe(0)
    expect(Buffer.compare(await (await files.get(large)).bytes(), LARGE)).toBe(0)
  })

  it('is asked again whatever was requested', async () => {
    await using setup = await proxied(server)
    const { proxy, files } = setup
    const busy = { answer: 503, code: 'SlowDown' }
    const id = await files.create(bytesOf(10))
    for (const operation of ['HeadObject', 'GetObject', 'ListObjects', 'DeleteObjects'])
      proxy.fail(operation, busy)

    expect((await (await files.get(id)).bytes()).byteLength).toBe(10)
    expect(await listOf(files.list())).toEqual([id])
    await files.delete(id)

    expect(await files.exists(id)).toBe(false)
  })

  it('completes an upload once, also where the answer to that was lost', async () => {
    await using setup = await proxied(server)
    const { proxy, files, backend } = setup
    proxy.fail('CompleteMultipartUpload', { loseAnswer: true })

    const id = await files.create(chunksOf(LARGE))

    expect(Buffer.compare(await (await files.get(id)).bytes(), LARGE)).toBe(0)
    expect(await openUploads(server, backend.bucket)).toEqual([])
  })

  it('is asked three times and no more, and its error says so', async () => {
    await using setup = await proxied(server)
    const { proxy, files } = setup
    proxy.fail('PutObject', { answer: 503, code: 'SlowDown' }, 100)

    const error = await failure(files.create(bytesOf(10)))

    expect(proxy.count('PutObject')).toBe(3)
    expect(error.code).toBe('WRITE_FAILED')
    expect(error.message).toMatch(/the service is too busy \(SlowDown, HTTP 503, 3 attempts\)$/)
    expect(error.cause).toBeInstanceOf(S3Error)
    expect(error.cause).toMatchObject({ code: 'SlowDown', status: 503, cause: { name: 'SlowDown' } })
  })

  it('is asked as often as the option says', async () => {
    await using setup = await proxied(server, { retries: 0 })
    setup.proxy.fail('PutObject', { answer: 503, code: 'SlowDown' }, 100)

    await failure(setup.files.create(bytesOf(10)))

    expect(setup.proxy.count('PutObject')).toBe(1)
  })
})

describeOnServers('an upload in parts that fails', (server) => {
  it.each<[string, string, Parameters<Proxied['proxy']['fail']>[1]]>([
    ['beginning it', 'CreateMultipartUpload', { answer: 403, code: 'AccessDenied' }],
    ['a part', 'UploadPart', { answer: 403, code: 'AccessDenied' }],
    ['a part that breaks off', 'UploadPart', { resetRequestAfter: 100_000 }],
    ['completing it', 'CompleteMultipartUpload', { answer: 403, code: 'AccessDenied' }],
  ])('with %s leaves nothing behind, and the stream is given up', async (_, operation, fault) => {
    await using setup = await proxied(server)
    const { proxy, files } = setup
    proxy.fail(operation, fault, 100)
    let closed = false
    async function* source(): AsyncGenerator<Uint8Array> {
      try {
        yield* chunksOf(LARGE)
      } finally {
        closed = true
      }
    }

    const error = await failure(files.create(source()))

    expect(error).toMatchObject({ code: 'WRITE_FAILED', cause: expect.any(S3Error) as unknown })
    await sleep(10)
    expect(closed).toBe(true)
    await expectNothingLeft(server, setup)
  })

  it('does not wait for a source that hangs', async () => {
    await using setup = await proxied(server)
    setup.proxy.fail('UploadPart', { answer: 403, code: 'AccessDenied' }, 100)

    const error = await failure(
      setup.backend.write(newFileId(), hangingAfter(bytesOf(11 * MIB)), infoOf(), {}),
    )

    expect(error).toMatchObject({ code: 'AccessDenied' })
    await expectNothingLeft(server, setup)
  })

  it('leaves the file that was to be replaced', async () => {
    await using setup = await proxied(server)
    const { proxy, files } = setup
    const id = await files.create(bytesOf(1000))
    proxy.fail('CompleteMultipartUpload', { answer: 403, code: 'AccessDenied' }, 100)

    await failure(files.replace(id, chunksOf(LARGE)))

    expect(Buffer.compare(await (await files.get(id)).bytes(), bytesOf(1000))).toBe(0)
    expect(await openUploads(server, setup.backend.bucket)).toEqual([])
  })
})

describeOnServers('an upload that is aborted', (server) => {
  it.each(['PutObject', 'CreateMultipartUpload', 'UploadPart', 'CompleteMultipartUpload'])(
    'is given up at once where the service hangs with %s',
    async (operation) => {
      await using setup = await proxied(server)
      const { proxy, files } = setup
      proxy.fail(operation, { hang: true }, 100)
      const controller = new AbortController()

      const { signal } = controller
      const uploading = failure(
        files.create(chunksOf(bytesOf(operation === 'PutObject' ? MIB : 12 * MIB)), { signal }),
      )
      while (proxy.count(operation) === 0) await sleep(5)
      const start = performance.now()
      controller.abort()

      expect((await uploading).code).toBe('ABORTED')
      expect(performance.now() - start).toBeLessThan(20_000)
      await expectNothingLeft(server, setup)
    },
  )

  it.each([
    ['PutObject', MIB],
    ['CompleteMultipartUpload', 12 * MIB],
  ])('when the service has the whole file lets the answer to %s come', async (operation, size) => {
    await using setup = await proxied(server)
    const { proxy, files } = setup
    proxy.fail(operation, { delay: 300 })
    const controller = new AbortController()

    const creating = files.create(chunksOf(bytesOf(size)), { signal: controller.signal })
    while (proxy.count(operation) === 0) await sleep(5)
    controller.abort()

    expect(await listOf(files.list())).toEqual([])
    const id = await creating
    expect(await listOf(files.list())).toEqual([id])
    expect(await openUploads(server, setup.backend.bucket)).toEqual([])
  })

  it('is removed also where the service begins it after the abort', async () => {
    await using setup = await proxied(server)
    const { proxy, files } = setup
    proxy.fail('CreateMultipartUpload', { delay: 300 })
    const controller = new AbortController()

    const uploading = failure(files.create(chunksOf(LARGE), { signal: controller.signal }))
    while (proxy.count('CreateMultipartUpload') === 0) await sleep(5)
    controller.abort()

    expect((await uploading).code).toBe('ABORTED')
    expect(proxy.count('AbortMultipartUpload')).toBe(1)
    await expectNothingLeft(server, setup)
  })
})

describeOnServers('a service that is slow', (server) => {
  it('is given up where it does not answer in time', async () => {
    await using setup = await proxied(server, { requestTimeout: 200, retries: 1 })
    const { proxy, files } = setup
    proxy.fail('HeadObject', { hang: true }, 100)

    const error = await failure(files.get(newFileId()))

    expect(proxy.count('HeadObject')).toBe(2)
    expect(error.code).toBe('READ_FAILED')
    expect(error.message).toMatch(/did not answer in time \(TimeoutError, 2 attempts\)$/)
  })

  it('is given up where a download stands still', async () => {
    await using setup = await proxied(server, { requestTimeout: 200 })
    const { proxy, files, direct } = setup
    const id = await direct.create(LARGE)
    proxy.fail('GetObject', { stallAnswerAfter: 5 * MIB })

    const error = await failure((await files.get(id)).bytes())

    expect(error).toMatchObject({ code: 'READ_FAILED', cause: expect.any(S3Error) as unknown })
    expect(error.message).toMatch(/did not answer in time/)
  })

  it('is given up where a list stands still', async () => {
    await using setup = await proxied(server, { requestTimeout: 200, retries: 0 })
    await setup.direct.create(bytesOf(10))
    setup.proxy.fail('ListObjects', { stallAnswerAfter: 20 })

    expect((await failure(listOf(setup.files.list()))).code).toBe('READ_FAILED')
  })

  it('is not given up where it is the reader who pauses', async () => {
    await using setup = await proxied(server, { requestTimeout: 300 })
    const id = await setup.direct.create(LARGE)

    const chunks: Buffer[] = []
    let pauses = 0
    for await (const chunk of (await setup.backend.read(id)) as AsyncIterable<Buffer>) {
      chunks.push(chunk)
      if (chunks.length % 40 === 0 && pauses < 6) await sleep(310 + 37 * pauses++)
    }

    expect(pauses).toBe(6)
    expect(Buffer.compare(Buffer.concat(chunks), LARGE)).toBe(0)
  })

  it('lets a reader go whose signal is aborted', async () => {
    await using setup = await proxied(server)
    const { proxy, files, direct } = setup
    const id = await direct.create(LARGE)
    const file = await files.get(id)

    proxy.fail('GetObject', { hang: true })
    const before = failure(file.bytes({ signal: AbortSignal.timeout(50) }))
    expect((await before).code).toBe('ABORTED')

    proxy.fail('GetObject', { stallAnswerAfter: 5 * MIB })
    const meanwhile = failure(file.bytes({ signal: AbortSignal.timeout(200) }))
    expect((await meanwhile).code).toBe('ABORTED')
  })
})

describeOnServers('a download', (server) => {
  it('that breaks off is an error, and never a shorter file', async () => {
    await using setup = await proxied(server)
    const { proxy, files } = setup
    const id = await files.create(LARGE)
    proxy.fail('GetObject', { resetAnswerAfter: 5 * MIB })

    const error = await failure((await files.get(id)).bytes())

    expect(error.code).toBe('READ_FAILED')
    expect(error.message).toMatch(/the connection to .* broke \(ECONNRESET\)$/)
    expect(error.cause).toMatchObject({ name: 'S3Error', code: 'ECONNRESET' })
  })

  it('of a file that went meanwhile is FILE_NOT_FOUND', async () => {
    await using setup = await proxied(server)
    const file = await setup.files.get(await setup.files.create(bytesOf(10)))

    await setup.files.delete(file)

    expect(await failure(file.bytes())).toMatchObject({ code: 'FILE_NOT_FOUND', path: file.path })
  })
})

describeOnServers('a deletion that fails', (server) => {
  it('is reported for every file, and a service that is down is not asked for each', async () => {
    await using setup = await proxied(server, { retries: 0 })
    const ids = Array.from({ length: 2_500 }, () => newFileId())
    setup.proxy.fail('DeleteObjects', { answer: 503, code: 'ServiceUnavailable' }, 100)

    const { failed } = await setup.files.deleteMany(ids)

    expect(setup.proxy.count('DeleteObjects')).toBe(1)
    expect(failed.map(({ id }) => id)).toEqual(ids)
    expect(failed[0]?.error).toMatchObject({ code: 'DELETE_FAILED', cause: { code: 'ServiceUnavailable' } })
  })
})

describeOnServers('a download whose checksum is checked', (server) => {
  const bytes = bytesOf(5 * MIB)

  /** The servers here send no checksums, so the proxy does. */
  const checking = async (options: Partial<S3BackendOptions> = {}): Promise<Proxied> => {
    const setup = await proxied(server, { responseChecksumValidation: 'WHEN_SUPPORTED', ...options })
    setup.proxy.answerHeaders['x-amz-checksum-sha256'] = createHash('sha256').update(bytes).digest('base64')
    return setup
  }

  it('is given back whole', async () => {
    await using setup = await checking()

    const file = await setup.files.get(await setup.files.create(bytes))

    expect(Buffer.compare(await file.bytes(), bytes)).toBe(0)
  })

  it('is an error where a bit is another, where it breaks off, and where it stands still', async () => {
    await using setup = await checking({ requestTimeout: 1000 })
    const { proxy, files } = setup
    const file = await files.get(await files.create(bytes))

    proxy.fail('GetObject', { corruptAnswer: true })
    const corrupt = await failure(file.bytes())
    proxy.fail('GetObject', { resetAnswerAfter: MIB })
    const broken = await failure(file.bytes())
    proxy.fail('GetObject', { stallAnswerAfter: MIB })
    const stalled = await failure(file.bytes())

    expect([corrupt.code, broken.code, stalled.code]).toEqual(Array(3).fill('READ_FAILED'))
    expect(corrupt.message).toMatch(/Checksum mismatch/)
  })

  it('lets its connection go where the reader stops half-way', async () => {
    await using setup = await checking()
    const id = await setup.files.create(bytes)
    const before = await setup.proxy.connections()

    for (let n = 0; n < 5; n++) {
      for await (const chunk of (await setup.backend.read(id)) as AsyncIterable<Buffer>) {
        if (chunk.byteLength > 0) break
      }
    }
    await sleep(50)

    expect(await setup.proxy.connections()).toBeLessThanOrEqual(before)
  })
})
