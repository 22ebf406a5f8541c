import 'reflect-metadata'
import { programs, runProgram, type Step } from '@filedepot/testing/model'
import { afterEach, describe, expect, it } from '@jest/globals'
import fc from 'fast-check'
import { Note } from './entities/note.ts'
import { NoteDriver } from './support/note-driver.ts'
import { TestDatabase } from './support/test-database.ts'

const RUNS = Number(process.env.FILEDEPOT_TEST_PROGRAMS ?? (process.env.CI ? 1000 : 300))
const seed = Number(process.env.FILEDEPOT_TEST_SEED ?? Date.now() % 2 ** 31)

let database: TestDatabase | undefined

afterEach(async () => {
  await database?.close()
  database = undefined
})

/** Runs a program on a database that the programs share, emptied after each; one that failed is not used again. */
async function run(program: readonly Step[], prepare?: (database: TestDatabase) => void): Promise<void> {
  const current = database ?? (await TestDatabase.open([Note]))
  database = undefined
  prepare?.(current)
  await runProgram(program, new NoteDriver(current), { undeleted: () => current.undeleted })
  await current.clear()
  database = current
}

describe('random programs of transactions and writes', () => {
  it(`keep rows and files together (seed ${seed}, ${RUNS} programs)`, async () => {
    let steps = 0
    const property = fc.asyncProperty(programs(), async (program) => {
      steps += program.length
      await run(program)
    })

    await fc.assert(property, { seed, numRuns: RUNS })

    expect(steps).toBeGreaterThan(RUNS)
  }, 600_000)

  it(`leave only what was reported where deleting fails now and then (seed ${seed})`, async () => {
    const property = fc.asyncProperty(programs(), async (program) => {
      await run(program, ({ chaos }) => {
        chaos.fail('delete', { probability: 0.3 })
      })
    })

    await fc.assert(property, { seed, numRuns: Math.ceil(RUNS / 4) })
  }, 600_000)
})
