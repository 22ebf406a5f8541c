import { isProxy } from 'node:util/types'
import { describe } from '../expected.ts'

/** How many levels of objects and lists there may be. */
const MAX_DEPTH = 100

/**
 * A copy of plain JSON. Everything is read once, so that no getter and no proxy can answer differently the second time,
 * and nothing that a class or a prototype adds is in the copy.
 *
 * @throws TypeError for anything that `JSON.parse` does not return, for a key `__proto__`, and for JSON that is too deep
 */
export function copyPlainJson(value: unknown, depth = 0): unknown {
  if (value === null || typeof value === 'boolean') return value
  if (typeof value === 'number' && Number.isFinite(value)) return value
  if (typeof value === 'string') return wellFormed(value)
  if (typeof value !== 'object' || isProxy(value)) throw new TypeError(`it holds ${describe(value)}`)
  if (depth === MAX_DEPTH) throw new TypeError(`it is nested deeper than ${MAX_DEPTH} levels`)
  if (Array.isArray(value)) return Array.from(value, (one: unknown) => copyPlainJson(one, depth + 1))
  if (!isPlain(value)) throw new TypeError(`it holds ${describe(value)}`)
  const copy: Record<string, unknown> = {}
  for (const key of Reflect.ownKeys(value)) {
    const property = Object.getOwnPropertyDescriptor(value, key)
    if (typeof key === 'symbol' || key === '__proto__' || !property?.enumerable || !('value' in property)) {
      throw new TypeError(`it has a property ${String(key).slice(0, 60)} that JSON cannot have`)
    }
    // As JSON.stringify has it.
    if (property.value !== undefined) copy[wellFormed(key)] = copyPlainJson(property.value, depth + 1)
  }
  return copy
}

/** Half of a character: databases refuse it, or replace it, so that the row would not hold what was checked. */
const LONE_SURROGATE = /\p{Surrogate}/u

function wellFormed(text: string): string {
  if (LONE_SURROGATE.test(text)) throw new TypeError('it holds text that is not well-formed Unicode')
  return text
}

/** True for an object without a class, also one of another realm. */
function isPlain(value: object): boolean {
  const prototype: unknown = Object.getPrototypeOf(value)
  return prototype === null || Object.getPrototypeOf(prototype) === null
}
