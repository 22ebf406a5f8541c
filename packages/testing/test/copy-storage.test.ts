import { describe, expect, it } from '@jest/globals'
import fc from 'fast-check'
import { mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { buffer } from 'node:stream/consumers'
import { setImmediate } from 'node:timers/promises'
import {
  copyStorage,
  FileStorage,
  hasCode,
  LocalBackend,
  MemoryBackend,
  type StorageBackend,
} from '@filedepot/core'
import { ChaosBackend } from '@filedepot/testing'

type Side = 'from' | 'to'

/** What goes wrong in one run of copying. */
interface Interruption {
  readonly faults: readonly { readonly side: Side; readonly on: number; readonly fault: Fault }[]
  /** Aborted after so many turns of the event loop. */
  readonly abortAfter: number | undefined
  /** What happens to the source before it. */
  readonly change: 'nothing' | 'create' | 'replace'
}

const faults = {
  'a write fails': (chaos, on) => chaos.fail('write', { on }),
  'a write is done and the answer lost': (chaos, on) => chaos.fail('write', { on, stage: 'after' }),
  'a write breaks off': (chaos, on) => chaos.tear('write', { on, after: 70_000 }),
  'a read fails': (chaos, on) => chaos.fail('read', { on }),
  'a read breaks off': (chaos, on) => chaos.tear('read', { on, after: 10 }),
  'a stat fails': (chaos, on) => chaos.fail('stat', { on }),
  'a list breaks off': (chaos, on) => chaos.tear('list', { on: 1, after: on }),
  'a delete fails': (chaos, on) => chaos.fail('delete', { on }),
} satisfies Record<string, (chaos: ChaosBackend, on: number) => unknown>

type Fault = keyof typeof faults

const interruption: fc.Arbitrary<Interruption> = fc.record({
  faults: fc.array(
    fc.record({
      side: fc.constantFrom<Side>('from', 'to'),
      on: fc.integer({ min: 1, max: 6 }),
      fault: fc.constantFrom(...(Object.keys(faults) as Fault[])),
    }),
    { maxLength: 3 },
  ),
  abortAfter: fc.option(fc.nat(20), { nil: undefined }),
  change: fc.constantFrom('nothing', 'create', 'replace'),
})

const sizes = fc.array(fc.constantFrom(0, 5, 1000, 100_000), { minLength: 1, maxLength: 5 })

describe('copyStorage that is interrupted', () => {
  it('has brought everything, and nothing else, after one run that is not', async () => {
    await fc.assert(fc.asyncProperty(sizes, fc.array(interruption, { maxLength: 4 }), run), {
      numRuns: Number(process.env.FILEDEPOT_TEST_PROGRAMS ?? 60),
    })
  }, 600_000)
})

async function run(files: readonly number[], interruptions: readonly Interruption[]): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'filedepot-'))
  try {
    const [source, target] = [new MemoryBackend(), new LocalBackend(folder)]
    const original = new FileStorage('original', source)
    for (const size of files) await original.create(contentOf(size), { filename: `${size}.bin` })

    for (const [round, one] of interruptions.entries()) {
      const [id] = await idsOf(source)
      if (one.change === 'create') await original.create(contentOf(70_000 + round))
      if (one.change === 'replace') await original.replace(id ?? '', contentOf(80_000 + round))
      await interrupt({ from: new ChaosBackend(source), to: new ChaosBackend(target) }, one)
      await expectWholeFiles(target)
    }
    await copyStorage(original, new FileStorage('backup', target))

    expect(await statesOf(target)).toEqual(await statesOf(source))
    const left = (await readdir(folder, { recursive: true })).filter(
      (name) => name.includes('.') && name !== '.depot',
    )
    expect(left).toHaveLength(2 * (await idsOf(source)).length)
  } finally {
    await rm(folder, { recursive: true })
  }
}

async function interrupt(chaos: Record<Side, ChaosBackend>, how: Interruption): Promise<void> {
  for (const { side, on, fault } of how.faults) faults[fault](chaos[side], on)
  const controller = new AbortController()
  const [from, to] = [new FileStorage('from', chaos.from), new FileStorage('to', chaos.to)]
  const copying = copyStorage(from, to, { concurrency: 2, signal: controller.signal }).then(
    () => undefined,
    (error: unknown) => error,
  )
  if (how.abortAfter !== undefined) {
    for (let turn = 0; turn < how.abortAfter; turn++) await setImmediate()
    controller.abort()
  }
  const error: unknown = await copying
  if (error !== undefined && !hasCode(error, 'COPY_INCOMPLETE', 'READ_FAILED', 'ABORTED')) {
    throw new Error('copying failed', { cause: error })
  }
}

/** Content that is different for each size. */
function contentOf(size: number): Readable {
  return Readable.from(size === 0 ? [] : [Buffer.alloc(size, `${size} `)], { objectMode: false })
}

async function expectWholeFiles(backend: StorageBackend): Promise<void> {
  for (const { sizeOfBytes, stat } of await statesOf(backend)) expect(sizeOfBytes).toBe(stat.size)
}

async function statesOf(backend: StorageBackend) {
  const states = []
  for (const id of await idsOf(backend)) {
    const { filename, contentType, size, sha256, lastModified } = (await backend.stat(id))!
    const bytes = await buffer(await backend.read(id))
    const stat = { filename, contentType, size, sha256, lastModified }
    states.push({ id, stat, sizeOfBytes: bytes.byteLength, start: bytes.subarray(0, 10).toString() })
  }
  return states
}

async function idsOf(backend: StorageBackend): Promise<string[]> {
  const ids: string[] = []
  for await (const id of backend.list()) ids.push(id)
  return ids
}
