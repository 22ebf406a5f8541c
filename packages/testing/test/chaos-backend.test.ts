import { describe, expect, it } from '@jest/globals'
import { Readable } from 'node:stream'
import { buffer } from 'node:stream/consumers'
import { setTimeout as sleep } from 'node:timers/promises'
import { FileStorage, LocalBackend, MemoryBackend, type StorageBackend } from '@filedepot/core'
import { newFileId, type FileInfo } from '@filedepot/core/backend'
import { backendCases, ChaosBackend, ChaosError, describeBackend } from '@filedepot/testing'

const HELLO = Buffer.from('hello')
const INFO: FileInfo = { filename: 'a', contentType: 'text/plain', size: 5, sha256: undefined, metadata: {} }

/** A chaotic backend with files in it, and the good one below it. */
async function chaosWith(ids: readonly string[] = [], seed?: number) {
  const inner = new MemoryBackend()
  for (const id of ids) await inner.write(id, HELLO, INFO, {})
  return { inner, chaos: new ChaosBackend(inner, seed === undefined ? {} : { seed }) }
}

async function idsOf(backend: MemoryBackend | ChaosBackend): Promise<string[]> {
  const ids: string[] = []
  for await (const id of backend.list()) ids.push(id)
  return ids
}

/** Which of some writes fail. */
async function failures(chaos: ChaosBackend, count: number): Promise<number[]> {
  const failed: number[] = []
  for (let call = 1; call <= count; call++) {
    await chaos.write(newFileId(), HELLO, INFO, {}).catch(() => failed.push(call))
  }
  return failed
}

describeBackend(
  'ChaosBackend without a rule',
  { create: () => new ChaosBackend(new MemoryBackend()), holdsFilesInMemory: true },
  { describe, it },
)

describe('ChaosBackend', () => {
  describe('strikes', () => {
    it('every call where nothing else is said', async () => {
      const { chaos } = await chaosWith()

      chaos.fail('write')

      expect(await failures(chaos, 3)).toEqual([1, 2, 3])
    })

    it('the call that it is told to, counted from when the rule was added', async () => {
      const { chaos } = await chaosWith()
      await chaos.write(newFileId(), HELLO, INFO, {})

      chaos.fail('write', { on: 2 })

      expect(await failures(chaos, 4)).toEqual([2])
    })

    it('all calls from one on', async () => {
      const { chaos } = await chaosWith()

      chaos.fail('write', { from: 3 })

      expect(await failures(chaos, 5)).toEqual([3, 4, 5])
    })

    it('no more calls than it is told to', async () => {
      const { chaos } = await chaosWith()

      chaos.fail('write', { from: 2, times: 2 })

      expect(await failures(chaos, 5)).toEqual([2, 3])
    })

    it('the calls for one id only', async () => {
      const [first, second] = [newFileId(), newFileId()]
      const { chaos } = await chaosWith([first, second])

      chaos.fail('stat', { id: second })

      expect((await chaos.stat(first))?.filename).toBe('a')
      await expect(chaos.stat(second)).rejects.toBeInstanceOf(ChaosError)
    })

    it('the same calls again for the same seed', async () => {
      const { chaos } = await chaosWith()
      const { chaos: again } = await chaosWith([], chaos.seed)

      const first = await failures(chaos.fail('write', { probability: 0.5 }), 40)
      const second = await failures(again.fail('write', { probability: 0.5 }), 40)

      expect(second).toEqual(first)
    })

    it('about as many calls as the probability says', async () => {
      const { chaos } = await chaosWith([], 1)

      const failed = await failures(chaos.fail('write', { probability: 0.25 }), 400)

      expect(failed.length).toBeGreaterThan(70)
      expect(failed.length).toBeLessThan(130)
    })

    it('other calls for another seed', async () => {
      const { chaos: first } = await chaosWith([], 1)
      const { chaos: second } = await chaosWith([], 2)

      const failed = await Promise.all(
        [first, second].map((chaos) => failures(chaos.fail('write', { probability: 0.5 }), 40)),
      )

      expect(failed[0]).not.toEqual(failed[1])
    })

    it('nothing any more after it was restored', async () => {
      const { chaos } = await chaosWith()
      chaos.fail('write').fail('stat')

      chaos.restore()

      expect(await failures(chaos, 2)).toEqual([])
    })
  })

  describe('fail', () => {
    it('throws the error that it is given, and the inner backend hears nothing of the call', async () => {
      const { chaos, inner } = await chaosWith()
      const error = Object.assign(new Error('no room'), { code: 'ENOSPC' })
      chaos.fail('write', { error })

      const creating = new FileStorage('files', chaos).create(HELLO)

      await expect(creating).rejects.toMatchObject({ code: 'STORAGE_FULL', cause: error })
      expect(await idsOf(inner)).toEqual([])
    })

    it('makes an error for each call where it is given a function', async () => {
      const { chaos } = await chaosWith()
      let made = 0
      chaos.fail('stat', { error: () => new Error(`error ${++made}`) })

      await expect(chaos.stat('a')).rejects.toThrow('error 1')
      await expect(chaos.stat('a')).rejects.toThrow('error 2')
    })

    it('throws an error that tells method, call and seed where it is given none', async () => {
      const { chaos } = await chaosWith([], 7)
      await chaos.stat('a')
      chaos.fail('stat')

      await expect(chaos.stat('a')).rejects.toMatchObject({
        name: 'ChaosError',
        method: 'stat',
        call: 2,
        seed: 7,
        message: 'stat was made to fail (call 2, seed 7)',
      })
    })

    it('loses only the answer where it fails after the work', async () => {
      const { chaos, inner } = await chaosWith()
      const id = newFileId()
      chaos.fail('write', { stage: 'after' })

      await expect(chaos.write(id, HELLO, INFO, {})).rejects.toBeInstanceOf(ChaosError)

      expect(await idsOf(inner)).toEqual([id])
    })

    it('fails a read, a list and a delete as a whole', async () => {
      const id = newFileId()
      const { chaos, inner } = await chaosWith([id])
      chaos.fail('read').fail('list').fail('delete')

      await expect(chaos.read(id)).rejects.toBeInstanceOf(ChaosError)
      await expect(idsOf(chaos)).rejects.toBeInstanceOf(ChaosError)
      await expect(chaos.delete([id])).rejects.toBeInstanceOf(ChaosError)
      expect(await idsOf(inner)).toEqual([id])
    })

    it('reports some ids of a delete as failed, leaves them, and deletes the others', async () => {
      const ids = [newFileId(), newFileId(), newFileId()]
      const { chaos, inner } = await chaosWith(ids)
      const error = new Error('denied')
      chaos.fail('delete', { ids: (id) => id === ids[1], error })

      const report = await chaos.delete(ids)

      expect(report).toEqual({ failed: [{ id: ids[1], error }] })
      expect(await idsOf(inner)).toEqual([ids[1]])
    })

    it('refuses to fail some ids of anything but a delete', async () => {
      const { chaos } = await chaosWith()

      expect(() => chaos.fail('read', { ids: () => true })).toThrow(
        'only a delete fails for some ids, not a read',
      )
    })
  })

  describe('delay', () => {
    it('lets calls wait', async () => {
      const { chaos } = await chaosWith()
      const start = performance.now()

      await chaos.delay('stat', 60).stat('a')

      expect(performance.now() - start).toBeGreaterThanOrEqual(55)
    })

    it('ends with the signal, before the inner backend hears of the call', async () => {
      const { chaos, inner } = await chaosWith()
      chaos.delay('write', 60_000)

      const creating = new FileStorage('files', chaos).create(HELLO, { signal: AbortSignal.timeout(20) })

      await expect(creating).rejects.toMatchObject({ code: 'ABORTED' })
      expect(await idsOf(inner)).toEqual([])
    })
  })

  describe('tear', () => {
    it('breaks a body off on its way to the inner backend, which then has nothing', async () => {
      const { chaos, inner } = await chaosWith()
      chaos.tear('write', { after: 3 })

      await expect(chaos.write(newFileId(), HELLO, INFO, {})).rejects.toBeInstanceOf(ChaosError)

      expect(await idsOf(inner)).toEqual([])
    })

    it('lets a body pass up to the very byte', async () => {
      const taken: Buffer[] = []
      const inner = new MemoryBackend()
      inner.write = async (_id, body) => {
        for await (const chunk of body as AsyncIterable<Uint8Array>) taken.push(Buffer.from(chunk))
      }
      const chaos = new ChaosBackend(inner).tear('write', { after: 7 })
      const body = Readable.from([HELLO, HELLO])

      await expect(chaos.write(newFileId(), body, INFO, {})).rejects.toBeInstanceOf(ChaosError)

      expect(Buffer.concat(taken).toString()).toBe('hellohe')
    })

    it('lets a body pass that is no longer', async () => {
      const { chaos } = await chaosWith()
      const id = newFileId()

      await chaos.tear('write', { after: 5 }).write(id, HELLO, INFO, {})

      expect(await buffer(await chaos.read(id))).toEqual(HELLO)
    })

    it('breaks off what is read after so many bytes', async () => {
      const id = newFileId()
      const { chaos } = await chaosWith([id])
      const error = new Error('connection reset')
      const got: Buffer[] = []

      const stream = await chaos.tear('read', { after: 2, error }).read(id)
      const reading = (async () => {
        for await (const chunk of stream as AsyncIterable<Buffer>) got.push(chunk)
      })()

      await expect(reading).rejects.toBe(error)
      expect(Buffer.concat(got).toString()).toBe('he')
    })

    it('breaks off a list after so many ids', async () => {
      const ids = [newFileId(), newFileId(), newFileId()]
      const { chaos } = await chaosWith(ids)
      const got: string[] = []

      const listing = (async () => {
        for await (const id of chaos.tear('list', { after: 2 }).list()) got.push(id)
      })()

      await expect(listing).rejects.toBeInstanceOf(ChaosError)
      expect(got).toEqual(ids.slice(0, 2))
    })
  })

  describe('hang', () => {
    it('ends when the signal is aborted', async () => {
      const { chaos, inner } = await chaosWith()
      chaos.hang('write')

      const creating = new FileStorage('files', chaos).create(HELLO, { signal: AbortSignal.timeout(20) })

      await expect(creating).rejects.toMatchObject({ code: 'ABORTED' })
      expect(await idsOf(inner)).toEqual([])
    })

    it('lasts until it is restored, and then goes on', async () => {
      const id = newFileId()
      const { chaos, inner } = await chaosWith([id])
      let settled = false

      const deleting = chaos.hang('delete').delete([id])
      void deleting.then(() => (settled = true))
      await sleep(20)
      const before = { settled, ids: await idsOf(inner) }
      chaos.restore()

      expect(before).toEqual({ settled: false, ids: [id] })
      expect(await deleting).toEqual({ failed: [] })
      expect(await idsOf(inner)).toEqual([])
    })
  })

  it('counts the calls of each method, failed ones included', async () => {
    const { chaos } = await chaosWith()

    await failures(chaos.fail('write', { on: 1 }), 3)
    await idsOf(chaos)

    expect([chaos.calls('write'), chaos.calls('list'), chaos.calls('read')]).toEqual([3, 1, 0])
  })

  it('has the abilities of the inner backend and no others', async () => {
    const plain = new ChaosBackend(new MemoryBackend())
    const inner = Object.assign(new MemoryBackend(), {
      publicUrl: (id: string) => `https://files.example/${id}`,
      signedUrl: (id: string) => Promise.resolve(`https://files.example/${id}?signed`),
      signedUpload: (id: string) =>
        Promise.resolve({
          method: 'PUT' as const,
          url: `https://files.example/${id}`,
          headers: {},
          fields: {},
        }),
      copy: (from: StorageBackend) => Promise.resolve(from === inner),
      parseId: (id: string) => id.toLowerCase(),
      close: () => Promise.resolve(),
    })
    const able = new ChaosBackend(inner)

    const optional: (keyof StorageBackend)[] = ['publicUrl', 'signedUrl', 'signedUpload', 'copy', 'close']
    expect(optional.filter((method) => (plain as StorageBackend)[method] !== undefined)).toEqual([])
    expect([plain.publicUrl, plain.signedUrl, plain.parseId, plain.close]).toEqual(Array(4).fill(undefined))
    expect(able.parseId?.('A')).toBe('a')
    expect(able.publicUrl?.('a')).toBe('https://files.example/a')
    expect(await able.signedUrl?.('a', {})).toBe('https://files.example/a?signed')
    expect((await able.signedUpload?.('a', {}))?.url).toBe('https://files.example/a')
    expect([await able.copy?.(inner, 'a'), await able.copy?.(new ChaosBackend(inner), 'a')]).toEqual([
      true,
      true,
    ])
    await able.fail('signedUrl').fail('signedUpload').fail('copy').close?.()
    await expect(able.signedUrl?.('a', {})).rejects.toBeInstanceOf(ChaosError)
    await expect(able.signedUpload?.('a', {})).rejects.toBeInstanceOf(ChaosError)
    await expect(able.copy?.(inner, 'a')).rejects.toBeInstanceOf(ChaosError)
  })

  it('leaves no way to the bytes past it', () => {
    const chaos: StorageBackend = new ChaosBackend(new LocalBackend('/nowhere'))

    expect(['openFile', 'localPath'].filter((method) => method in chaos)).toEqual([])
  })

  it('fails the suite when it breaks a promise', async () => {
    const { chaos } = await chaosWith()
    chaos.tear('read', { after: 5 })
    const files = new FileStorage('tested', chaos)
    const reads = backendCases.find(({ name }) => name === 'gives back the bytes that were stored')

    const running = reads?.run({
      backend: chaos,
      storage: files,
      other: new FileStorage('other', new MemoryBackend()),
      leftovers: () => Promise.resolve([]),
    })

    await expect(running).rejects.toMatchObject({ code: 'READ_FAILED' })
  })
})
