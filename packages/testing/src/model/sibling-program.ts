import fc from 'fast-check'
import { clientStep, ROWS, type ClientStep } from './program.ts'

/** A write that runs beside others in one transaction. */
export interface SiblingTask {
  readonly step: ClientStep
  /** Which of the ways of writing that the driver has, counted in a circle. */
  readonly way: number
  /** After how many turns of the event loop it is called. */
  readonly after: number
}

/** Writes side by side in one transaction, as with `Promise.all`. */
export interface SiblingProgram {
  /** Rows that are there before, each with a file. */
  readonly before: readonly string[]
  readonly tasks: readonly SiblingTask[]
  /** After how many turns of the event loop one more task fails; `undefined` where none does. */
  readonly failsAfter: number | undefined
  /** The tasks run in a savepoint. Its failure is caught, and the transaction commits at once. */
  readonly inSavepoint: boolean
}

/** Most writes have ended after so many turns of the event loop. */
const TURNS = 60

/** Random programs of writes side by side, for fast-check. */
export function siblingPrograms(): fc.Arbitrary<SiblingProgram> {
  const task = fc.record({
    step: clientStep,
    way: fc.nat({ max: 11 }),
    after: fc.nat({ max: TURNS }),
  })
  return fc.record({
    before: fc.uniqueArray(fc.constantFrom(...ROWS), { maxLength: ROWS.length }),
    tasks: fc.array(task, { minLength: 1, maxLength: 6 }),
    failsAfter: fc.option(fc.nat({ max: TURNS }), { nil: undefined, freq: 4 }),
    inSavepoint: fc.boolean(),
  })
}
