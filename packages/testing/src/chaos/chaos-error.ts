import type { ChaosMethod } from './chaos-rule.ts'

/** What a {@link ChaosBackend} throws where its rule names no other error. */
export class ChaosError extends Error {
  override readonly name = 'ChaosError'

  constructor(
    readonly method: ChaosMethod,
    /** Which call it was, counted over the whole life of the backend. */
    readonly call: number,
    /** Of the random numbers, for another run like this one. */
    readonly seed: number,
  ) {
    super(`${method} was made to fail (call ${call}, seed ${seed})`)
  }
}
