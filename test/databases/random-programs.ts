import {
  concurrentPrograms,
  programs,
  runConcurrentProgram,
  runProgram,
  runSiblingProgram,
  siblingPrograms,
  type ConcurrentRowDriver,
  type LeftFiles,
  type RowDriver,
} from '@filedepot/testing/model'
import type { ChaosBackend } from '@filedepot/testing'
import { afterEach, describe, expect, it } from '@jest/globals'
import fc from 'fast-check'
import { isOn } from './database-kind.ts'

// CI is to judge a change, and not the luck of the draw; everybody else's runs draw anew.
const seed = Number(process.env.FILEDEPOT_TEST_SEED ?? (process.env.CI ? 2026 : Date.now() % 2 ** 31))
const kills = !isOn('sqlite')
const MANY_CLIENTS = 16
/** How often a program is run that conflicts with the work of the ledger. */
const ATTEMPTS = 5
/** Milliseconds that a test may take, and for each of its programs. */
const [TIMEOUT, TIMEOUT_OF_EACH] = [1_200_000, 500]

/** A database that programs share, and a depot. */
export interface ProgramDatabase {
  readonly chaos: ChaosBackend
  /** Paths whose deletion the depot has reported as failed. */
  readonly undeleted: Iterable<string>
  /** Paths of transactions of which nobody could say how they ended. */
  readonly unsettled: Iterable<string>
  /** Empties tables and storages, for the next program. */
  clear(): Promise<void>
  close(): Promise<void>
}

/** An integration with an ORM, as random programs drive it. */
export interface ProgramDrivers<D extends ProgramDatabase> {
  /** How many programs are run if nobody says it by `FILEDEPOT_TEST_PROGRAMS`; of some kinds, a part of it. */
  readonly runs: number
  open(): Promise<D>
  /** With what ends whatever a program that failed has left open. */
  driver(database: D): RowDriver & { abandon(): Promise<void> }
  concurrentDriver(database: D): ConcurrentRowDriver
  /**
   * True for an error that a program may get from the work of the ledger beside it, such as a deadlock. It is then run again, as
   * an application does.
   *
   * @default never
   */
  isConflict?(error: unknown): boolean
  /** False if clients share a connection, and nothing keeps their transactions apart. @default true */
  readonly hasClients?: boolean
}

/** The tests of random programs: whatever they do, every row has its files, and every file its row. */
export function testRandomPrograms<D extends ProgramDatabase>(drivers: ProgramDrivers<D>): void {
  const runs = Number(process.env.FILEDEPOT_TEST_PROGRAMS ?? drivers.runs)
  const timeout = Math.max(TIMEOUT, runs * TIMEOUT_OF_EACH)
  let database: D | undefined

  afterEach(async () => {
    await database?.close()
    database = undefined
  })

  /** Runs a program on a database that is emptied after each; one on which a program has failed is not used again. */
  async function onDatabase(action: (database: D) => Promise<void>): Promise<void> {
    const current = database ?? (await drivers.open())
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

  describe('random programs of transactions and writes', () => {
    const property = (prepare: (database: D) => void) =>
      fc.asyncProperty(programs({ kills }), async (program) => {
        await onDatabase(async (current) => {
          prepare(current)
          for (let attempt = 1; ; attempt++) {
            const driver = drivers.driver(current)
            try {
              await runProgram(program, driver, leftBy(current))
              return
            } catch (error) {
              if (attempt === ATTEMPTS || drivers.isConflict?.(error) !== true) throw error
            } finally {
              await driver.abandon()
            }
            await current.clear()
          }
        })
      })

    it(
      `keep rows and files together (seed ${seed}, ${runs} programs)`,
      async () => {
        await fc.assert(
          property(() => undefined),
          { seed, numRuns: runs },
        )
      },
      timeout,
    )

    it(
      `leave only what was reported where deleting fails now and then (seed ${seed})`,
      async () => {
        const failing = property(({ chaos }) => {
          chaos.fail('delete', { probability: 0.3 })
        })
        await fc.assert(failing, { seed, numRuns: Math.ceil(runs / 6) })
      },
      timeout,
    )
  })

  if (drivers.hasClients !== false) {
    describe.each([
      ['several', undefined, Math.ceil(runs / 3)],
      ['many', MANY_CLIENTS, Math.ceil(runs / 30)],
    ])('random programs of %s clients at the same time', (_, maxClients, numRuns) => {
      it(
        `keep rows and files together (seed ${seed}, ${numRuns} programs)`,
        async () => {
          let committed = 0
          const options = { kills, ...(maxClients !== undefined && { maxClients }) }
          const property = fc.asyncProperty(concurrentPrograms(options), async (program) => {
            await onDatabase(async (current) => {
              current.chaos.delay('write', 1)
              const run = await runConcurrentProgram(
                program,
                drivers.concurrentDriver(current),
                leftBy(current),
              )
              committed += run.committed
            })
          })

          // What clients do to each other depends on the moment, so that a smaller program would say nothing.
          await fc.assert(property, { seed, numRuns, endOnFailure: true })

          expect(committed).toBeGreaterThan(0)
        },
        timeout,
      )
    })
  }

  describe('random programs of writes side by side in one transaction, of which one fails', () => {
    const numRuns = Math.ceil(runs / 3)

    it(
      `keep rows and files together (seed ${seed}, ${numRuns} programs)`,
      async () => {
        let [committed, failed] = [0, 0]
        const property = fc.asyncProperty(siblingPrograms(), async (program) => {
          await onDatabase(async (current) => {
            const driver = drivers.concurrentDriver(current)
            const run = await runSiblingProgram(program, driver, leftBy(current))
            if (run.committed) committed++
            else failed++
          })
        })

        await fc.assert(property, { seed, numRuns })

        // A few programs may all end in the same way.
        if (numRuns >= 20) expect(Math.min(committed, failed)).toBeGreaterThan(0)
      },
      timeout,
    )
  })
}

function leftBy({ undeleted, unsettled }: ProgramDatabase): LeftFiles {
  return { undeleted: () => undeleted, unsettled: () => unsettled }
}
