import { inspect } from 'node:util'
import { FiledepotError } from './errors.ts'

/** The error of a bad argument, in the one form that all of them have: expected …, got …. */
export function expected(name: string, expectation: string, got: unknown): FiledepotError {
  return new FiledepotError('INVALID_ARGUMENT', `Expected ${name} to be ${expectation}, got ${describe(got)}`)
}

/** A short, safe description of any value, for messages. */
export function describe(value: unknown): string {
  if (value === null || value === undefined) return String(value)
  if (typeof value === 'string') return `"${value.length > 60 ? `${value.slice(0, 60)}…` : value}" (string)`
  if (typeof value !== 'object') return `${inspect(value)} (${typeof value})`
  const { constructor } = value as { constructor?: { name?: string } }
  return constructor?.name ? `an object of ${constructor.name}` : 'an object without a class'
}

/** The message of any thrown value. In Jest, errors of Node belong to another realm, so `instanceof` does not work. */
export function reasonOf(error: unknown): string {
  const message = (error as { message?: unknown } | undefined | null)?.message
  return typeof message === 'string' ? message : String(error)
}

/** Throws `INVALID_ARGUMENT` unless `value` is absent or a whole number of at least `minimum`. */
export function checkWholeNumber(name: string, value: unknown, minimum: number): void {
  if (value === undefined || value === Infinity) return
  if (!Number.isSafeInteger(value) || (value as number) < minimum) {
    throw expected(name, `a whole number from ${minimum} up`, value)
  }
}
