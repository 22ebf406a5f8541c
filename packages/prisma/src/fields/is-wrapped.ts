import { isLeftOut } from '../prisma-internals.ts'
import type { Model } from '../schema/data-model.ts'

/**
 * The update of one related row is its data, or `{ where, data }`. Prisma tries the second first, and leaves out what is not
 * written; of a model that has a field `data` itself, only the names within tell the two from each other.
 */
export function isWrapped(model: Model, args: Readonly<Record<string, unknown>>): boolean {
  const { data } = args
  if (typeof data !== 'object' || data === null) return false
  if (Object.keys(args).some((name) => name !== 'where' && name !== 'data' && !isLeftOut(args[name]))) {
    return false
  }
  const within = data as Readonly<Record<string, unknown>>
  return (
    !model.fields.has('data') ||
    Object.keys(within).every((name) => model.fields.has(name) || isLeftOut(within[name]))
  )
}
