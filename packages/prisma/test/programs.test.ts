import {
  concurrentPrograms,
  programs,
  runConcurrentProgram,
  runProgram,
  type LeftFiles,
  type Step,
} from '@filedepot/testing/model'
import { afterEach, describe, expect, it } from '@jest/globals'
import fc from 'fast-check'
import { ConcurrentNoteDriver } from './support/concurrent-note-driver.ts'
import { isOn, kind } from '../../../test/databases/database-kind.ts'
import { NoteDriver } from './support/note-driver.ts'
import { TestDatabase } from './support/test-database.ts'

const RUNS = Number(process.env.FILEDEPOT_TEST_PROGRAMS ?? defaultRuns())
// CI is to judge a change, and not the luck of the draw; everybody else's runs draw anew.
const seed = Number(process.env.FILEDEPOT_TEST_SEED ?? (process.env.CI ? 2026 : Date.now() % 2 ** 31))
const kills = !isOn('sqlite')

function defaultRuns(): number {
  return process.env.CI ? 1310 : kind === 'sqlite' ? 200 : 60
}

const CONCURRENT_RUNS = Math.ceil(RUNS / 3)
const CROWDED_RUNS = Math.ceil(RUNS / 30)

let database: TestDatabase | undefined

afterEach(async () => {
  await database?.close()
  database = undefined
})

/** Runs a program on a database that the programs share, emptied after each; one that failed is not used again. */
async function onDatabase(action: (database: TestDatabase) => Promise<void>): Promise<void> {
  const current = database ?? (await TestDatabase.open({ ownClient: true }))
  database = undefined
  try {
    await action(current)
  } catch (error) {
    await current.close()
    throw error
  }
  await current.clear()
  database = current
}

async function run(program: readonly Step[], prepare?: (database: TestDatabase) => void): Promise<void> {
  await onDatabase(async (current) => {
    prepare?.(current)
    const driver = new NoteDriver(current)
    try {
      await runProgram(program, driver, leftOf(current))
    } finally {
      await driver.abandon()
    }
  })
}

function leftOf({ undeleted, unsettled }: TestDatabase): LeftFiles {
  return { undeleted: () => undeleted, unsettled: () => unsettled }
}

describe('random programs of transactions and writes', () => {
  it(`keep rows and files together (seed ${seed}, ${RUNS} programs)`, async () => {
    let steps = 0
    const property = fc.asyncProperty(programs({ kills }), async (program) => {
      steps += program.length
      await run(program)
    })

    await fc.assert(property, { seed, numRuns: RUNS })

    expect(steps).toBeGreaterThan(RUNS)
  }, 1_200_000)

  it(`leave only what was reported where deleting fails now and then (seed ${seed})`, async () => {
    const property = fc.asyncProperty(programs({ kills }), async (program) => {
      await run(program, ({ chaos }) => {
        chaos.fail('delete', { probability: 0.3 })
      })
    })

    await fc.assert(property, { seed, numRuns: Math.ceil(RUNS / 6) })
  }, 1_200_000)
})

describe('random programs of several clients at the same time', () => {
  it(`keep rows and files together (seed ${seed}, ${CONCURRENT_RUNS} programs)`, async () => {
    let committed = 0
    const property = fc.asyncProperty(concurrentPrograms({ kills }), async (program) => {
      await onDatabase(async (current) => {
        current.chaos.delay('write', 1)
        committed += (await runConcurrentProgram(program, new ConcurrentNoteDriver(current), leftOf(current)))
          .committed
      })
    })

    await fc.assert(property, { seed, numRuns: CONCURRENT_RUNS, endOnFailure: true })

    expect(committed).toBeGreaterThan(0)
  }, 1_200_000)
})

describe('random programs of many clients at the same time', () => {
  it(`keep rows and files together (seed ${seed}, ${CROWDED_RUNS} programs)`, async () => {
    const property = fc.asyncProperty(concurrentPrograms({ maxClients: 16, kills }), async (program) => {
      await onDatabase(async (current) => {
        current.chaos.delay('write', 1)
        await runConcurrentProgram(program, new ConcurrentNoteDriver(current), leftOf(current))
      })
    })

    await fc.assert(property, { seed, numRuns: CROWDED_RUNS, endOnFailure: true })
  }, 1_200_000)
})
