import { ObjectId } from 'bson'
import { encode, isPlainObject, type Doc } from './documents.ts'

/** Text that is equal exactly where two values are equal for an index. A missing value counts as null. */
export function valueKey(value: unknown): string {
  if (value === undefined || value === null) return 'null'
  if (typeof value === 'string') return `string ${value}`
  if (typeof value === 'number') return `number ${value}`
  if (value instanceof ObjectId) return `ObjectId ${value.toHexString()}`
  return `bson ${Buffer.from(encode({ value })).toString('base64')}`
}

/** The values at a path such as `a.b`; more than one, or none, if an array is on the way. */
export function valuesAt(value: unknown, path: string): unknown[] {
  return path.split('.').reduce<unknown[]>(
    (values, name) =>
      values.flatMap((one) => {
        if (Array.isArray(one) && !/^\d+$/.test(name)) return one.map((item: unknown) => fieldOf(item, name))
        return [fieldOf(one, name)]
      }),
    [value],
  )
}

function fieldOf(value: unknown, name: string): unknown {
  return isPlainObject(value) || Array.isArray(value) ? (value as Doc)[name] : undefined
}
