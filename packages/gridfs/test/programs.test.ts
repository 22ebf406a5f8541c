import { describe, expect, it } from '@jest/globals'
import { buffer } from 'node:stream/consumers'
import { newFileId } from '@filedepot/core/backend'
import type { CommandFailure } from '@filedepot/testing/mongo-server'
import fc from 'fast-check'
import { bytesOf, streamOf } from './support/bytes.ts'
import { onServer, type OpenStorage } from './support/on-server.ts'
import { orphans } from './support/stored.ts'

const on = onServer()
const RUNS = process.env.CI ? 60 : 40

/** What one of two processes does with one of three files. */
interface Step {
  readonly process: 0 | 1
  readonly file: 0 | 1 | 2
  readonly action: 'write' | 'read' | 'delete'
  readonly size: number
  /** What goes wrong meanwhile. */
  readonly failure: CommandFailure | undefined
}

const failures = fc.constantFrom<CommandFailure[]>(
  { failCommands: ['insert'], closeConnection: true },
  { failCommands: ['insert'], errorCode: 8 },
  { failCommands: ['findAndModify'], closeConnection: true },
  { failCommands: ['findAndModify'], loseReply: true },
  { failCommands: ['findAndModify'], errorCode: 8 },
  { failCommands: ['delete'], closeConnection: true },
  { failCommands: ['delete'], loseReply: true },
  { failCommands: ['delete'], errorCode: 8 },
  { failCommands: ['find'], blockConnection: true, blockTimeMS: 10 },
)

const steps = fc.record<Step>({
  process: fc.constantFrom(0, 1),
  file: fc.constantFrom(0, 1, 2),
  action: fc.constantFrom('write', 'write', 'read', 'delete'),
  size: fc.constantFrom(0, 10, 5000, 20_000),
  failure: fc.option(failures, { nil: undefined, freq: 4 }),
})

describe('two processes that write, read and delete the same files at once', () => {
  it('see whole files only, and leave none without chunks and no chunk without a file', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(steps, { minLength: 4, maxLength: 24 }), async (program) => {
        const first = on.open({ chunkSizeBytes: 1500 }, { minHeartbeatFrequencyMS: 20 })
        const second = on.open({ chunkSizeBytes: 700 }, { minHeartbeatFrequencyMS: 20 }, first.db)
        const ids = [newFileId(), newFileId(), newFileId()]

        /** The caller knows of a deletion that failed: it has begun, and has to be tried again. */
        const begun = new Set<string>()
        const seen = await Promise.all(
          calmed(program).map((step, n) => run({ processes: [first, second], ids, begun }, step, n)),
        )

        on.server.restore()
        for (const { size, file } of seen) expect(file.equals(bytesOf(size))).toBe(true)
        // The next write tries again to remove what could not be removed.
        for (const { backend, files } of [first, second]) {
          await files.delete(await files.create(Buffer.from('next')))
          await backend.close()
        }
        const { files } = on.open({}, {}, first.db)
        for await (const id of files.list()) {
          if (begun.has(id)) continue
          const file = await files.get(id)
          expect((await file.bytes()).equals(bytesOf(file.size))).toBe(true)
        }
        expect(await orphans(first.db)).toEqual([])
        await first.db.dropDatabase()
      }),
      { numRuns: RUNS, endOnFailure: true, ...(process.env.CI && { seed: 2026 }) },
    )
  }, 600_000)
})

/**
 * If a commit and every question for it fail, nobody can say whether it took place, and its chunks stay. If its answer is
 * lost twice and another write follows it at once, nobody knows what it replaced, and those chunks stay for a sweep.
 */
function calmed(program: readonly Step[]): Step[] {
  let [commits, lost] = [0, 0]
  return program.map((step) => {
    const { failure } = step
    if (!failure?.failCommands.includes('findAndModify')) return step
    const isTooMuch = ++commits > 3 || (failure.loseReply === true && ++lost > 1)
    return isTooMuch ? { ...step, failure: undefined } : step
  })
}

/** Runs a step, which may fail, and resolves with what it has read. */
async function run(
  {
    processes,
    ids,
    begun,
  }: { processes: readonly OpenStorage[]; ids: readonly string[]; begun: Set<string> },
  step: Step,
  n: number,
): Promise<{ size: number; file: Buffer }> {
  const { files } = processes[step.process]!
  const id = ids[step.file]!
  if (step.failure) on.server.fail(step.failure, { times: 1 })
  const nothing = { size: 0, file: Buffer.alloc(0) }
  try {
    if (step.action === 'delete') await files.delete(id)
    else if (step.action === 'read') return await read(files, id)
    else {
      const bytes = bytesOf(step.size)
      const body = n % 2 === 0 ? bytes : streamOf(bytes)
      const info = { filename: 'a', contentType: 'a/b', size: undefined, sha256: undefined, metadata: {} }
      await files.backend.write(id, body, info, {})
    }
  } catch (error) {
    if (step.action === 'delete') begun.add(id)
    // A read that fails says why; that it is corrupt would be a lie.
    expect(error).not.toMatchObject({ code: 'CORRUPT_FILE' })
  }
  return nothing
}

async function read(files: OpenStorage['files'], id: string): Promise<{ size: number; file: Buffer }> {
  const file = await buffer(await files.read(id))
  return { size: file.byteLength, file }
}
