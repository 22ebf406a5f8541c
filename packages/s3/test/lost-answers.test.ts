import { expect, it } from '@jest/globals'
import { DepotManager, hasCode, UploadedFile } from '@filedepot/core'
import { setTimeout as sleep } from 'node:timers/promises'
import { keysIn, openUploads } from './support/buckets.ts'
import type { Fault } from './support/fault-proxy.ts'
import { proxied, type Proxied } from './support/proxied.ts'
import { bytesOf, chunksOf, failure, listOf, MIB } from './support/samples.ts'
import { describeOnServers } from './support/servers.ts'

const LARGE = bytesOf(6 * MIB)
/** On a busy machine, a part of 5 MiB has to be through in this time. */
const QUICK = { requestTimeout: 1500, retries: 1 }
/** Both ways in which a service does what it is asked to and its answer does not come. */
const LOST: [string, Fault][] = [
  ['is lost', { loseAnswer: true }],
  ['never comes', { withholdAnswer: true }],
]

/** The storage in a depot, and what the depot says. */
function watched({ backend }: Proxied): { depot: DepotManager; unsettled: string[] } {
  const depot = new DepotManager()
  depot.configure('docs', backend)
  const unsettled: string[] = []
  depot.on('unsettled', ({ paths, reason }) => {
    if (hasCode(reason, 'WRITE_UNCERTAIN')) unsettled.push(...paths)
  })
  return { depot, unsettled }
}

describeOnServers('a write of which every answer', (server) => {
  it.each(LOST)('%s has succeeded, as a look shows', async (_, fault) => {
    await using setup = await proxied(server, QUICK)
    const { proxy, files } = setup
    proxy.fail('PutObject', fault, 100)
    proxy.fail('CompleteMultipartUpload', fault, 100)

    const small = await files.create(bytesOf(1000))
    const large = await files.create(chunksOf(LARGE))

    expect(await listOf(files.list())).toEqual([small, large].sort())
    expect(Buffer.compare(await (await files.get(small)).bytes(), bytesOf(1000))).toBe(0)
    expect(Buffer.compare(await (await files.get(large)).bytes(), LARGE)).toBe(0)
    expect(await openUploads(server, setup.backend.bucket)).toEqual([])
  })

  it.each(LOST)(
    '%s, and that cannot be looked up, is uncertain, and an event names the file',
    async (_, fault) => {
      await using setup = await proxied(server, QUICK)
      const { proxy } = setup
      const { depot, unsettled } = watched(setup)
      proxy.fail('PutObject', fault, 100)
      proxy.fail('CompleteMultipartUpload', fault, 100)
      proxy.fail('HeadObject', { answer: 403, code: 'AccessDenied' }, 100)

      const small = await failure(depot.upload(UploadedFile.from(bytesOf(1000))))
      const large = await failure(depot.upload(UploadedFile.from(chunksOf(LARGE))))

      expect([small.code, large.code]).toEqual(['WRITE_UNCERTAIN', 'WRITE_UNCERTAIN'])
      expect(unsettled).toEqual([small, large].map((error) => (error as unknown as { path: string }).path))
      const left = (await keysIn(server, setup.backend.bucket)).map((key) => `docs/${key}`)
      expect(left.sort()).toEqual([...unsettled].sort())
      await depot.deleteFiles(unsettled)
      expect(await keysIn(server, setup.backend.bucket)).toEqual([])
    },
  )

  it.each(LOST)('%s has replaced a file, and does not take the old one for the new one', async (_, fault) => {
    await using setup = await proxied(server, QUICK)
    const { proxy, files } = setup
    const id = await files.create(bytesOf(1000))

    proxy.fail('PutObject', fault, 2)
    await files.replace(id, bytesOf(2000))
    proxy.fail('PutObject', { resetRequestAfter: 0 }, 2)
    const error = await failure(files.replace(id, bytesOf(3000)))

    expect(error.code).toBe('WRITE_FAILED')
    expect((await files.get(id)).size).toBe(2000)
  })

  it.each(LOST)('%s has copied the file within the service', async (_, fault) => {
    await using setup = await proxied(server, QUICK)
    await using other = await proxied(server, { ...QUICK, endpoint: setup.proxy.endpoint })
    const id = await setup.files.create(bytesOf(1000))
    setup.proxy.fail('CopyObject', fault, 100)

    const isCopied = await other.backend.copy(setup.backend, id)

    expect(isCopied).toBe(true)
    expect(setup.proxy.count('PutObject')).toBe(1)
    expect(await keysIn(server, other.backend.bucket)).toEqual([id])
  })
})

describeOnServers('a write that the service has kept to itself', (server) => {
  it('is uncertain, as it may still be carried out, and the event names it', async () => {
    await using setup = await proxied(server, QUICK)
    const { depot, unsettled } = watched(setup)
    setup.proxy.fail('PutObject', { hang: true }, 100)

    const error = await failure(depot.upload(UploadedFile.from(bytesOf(1000))))

    expect(error.code).toBe('WRITE_UNCERTAIN')
    expect(unsettled).toHaveLength(1)
    expect(await keysIn(server, setup.backend.bucket)).toEqual([])
  })

  it('in parts has failed for sure, as the upload is taken back', async () => {
    await using setup = await proxied(server, QUICK)
    const { depot, unsettled } = watched(setup)
    setup.proxy.fail('CompleteMultipartUpload', { hang: true }, 100)

    const error = await failure(depot.upload(UploadedFile.from(chunksOf(LARGE))))

    expect(error.code).toBe('WRITE_FAILED')
    expect(unsettled).toEqual([])
    expect(await openUploads(server, setup.backend.bucket)).toEqual([])
  })

  it('is named, too, when it is aborted', async () => {
    await using setup = await proxied(server)
    const { depot, unsettled } = watched(setup)
    const controller = new AbortController()
    setup.proxy.fail('PutObject', { hang: true }, 100)

    const uploading = failure(depot.upload(UploadedFile.from(bytesOf(1000)), { signal: controller.signal }))
    while (setup.proxy.count('PutObject') === 0) await sleep(5)
    controller.abort()

    expect(await uploading).toMatchObject({ code: 'ABORTED', cause: { code: 'WRITE_UNCERTAIN' } })
    expect(unsettled).toHaveLength(1)
  })

  it('is stored for a save that was aborted, and has got its file', async () => {
    await using setup = await proxied(server)
    const controller = new AbortController()
    setup.proxy.fail('PutObject', { withholdAnswer: true }, 100)

    const creating = setup.files.create(bytesOf(1000), { signal: controller.signal })
    while (setup.proxy.count('PutObject') === 0) await sleep(5)
    await sleep(200)
    controller.abort()

    expect(await keysIn(server, setup.backend.bucket)).toEqual([await creating])
  })
})

describeOnServers('a write that was refused, or never sent', (server) => {
  it.each<[string, Fault]>([['is refused', { answer: 403, code: 'AccessDenied' }]])(
    'has failed for sure where it %s, and is not looked up',
    async (_, fault) => {
      await using setup = await proxied(server, QUICK)
      const { depot, unsettled } = watched(setup)
      setup.proxy.fail('PutObject', fault, 100)

      const error = await failure(depot.upload(UploadedFile.from(bytesOf(1000))))

      expect(error.code).toBe('WRITE_FAILED')
      expect(unsettled).toEqual([])
      expect(setup.proxy.count('HeadObject')).toBe(0)
    },
  )

  it('has failed for sure where nobody listens', async () => {
    await using setup = await proxied(server, { ...QUICK, endpoint: 'http://127.0.0.1:9' })
    const { depot, unsettled } = watched(setup)

    const error = await failure(depot.upload(UploadedFile.from(bytesOf(1000))))

    expect(error).toMatchObject({ code: 'WRITE_FAILED', cause: { code: 'ECONNREFUSED' } })
    expect(unsettled).toEqual([])
  })
})
