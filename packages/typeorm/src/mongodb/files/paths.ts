import type { Doc } from '../../typeorm-internals.ts'

/** How a path in a document lies to another one. */
export type Relation = 'same' | 'above' | 'below' | 'apart'

export function relationOf(path: string, other: string): Relation {
  if (path === other) return 'same'
  if (other.startsWith(`${path}.`)) return 'above'
  return path.startsWith(`${other}.`) ? 'below' : 'apart'
}

/** The value at a path; `undefined` where there is none. */
export function valueAt(value: unknown, path: string): unknown {
  let found = value
  for (const name of path.split('.')) {
    if (!isObject(found)) return undefined
    found = found[name]
  }
  return found
}

/** A copy of the fields, with this value at the path: under its key, or in the document under a key above it. */
export function withValue(fields: Doc, path: string, value: unknown): Doc {
  return Object.fromEntries(
    Object.entries(fields).map(([key, held]) => {
      const relation = relationOf(key, path)
      if (relation === 'same') return [key, value]
      if (relation !== 'above' || !isObject(held)) return [key, held]
      return [key, replaced(held, path.slice(key.length + 1).split('.'), value)]
    }),
  )
}

/**
 * A copy of the fields that leaves the path alone. A document that is set above it becomes one field for each of its own:
 * `{ info: { title, photo } }` without `info.photo` is `{ 'info.title': title }`.
 */
export function withoutPath(fields: Doc, path: string): Doc {
  return Object.fromEntries(
    Object.entries(fields).flatMap(([key, held]): [string, unknown][] => {
      const relation = relationOf(key, path)
      if (relation === 'same') return []
      if (relation !== 'above' || !isObject(held)) return [[key, held]]
      const inner = Object.entries(held).map(([name, value]) => [`${key}.${name}`, value] as const)
      return Object.entries(withoutPath(Object.fromEntries(inner), path))
    }),
  )
}

function replaced(held: Doc, [name = '', ...rest]: readonly string[], value: unknown): Doc {
  const inner = held[name]
  if (rest.length > 0 && !isObject(inner)) return held
  return { ...held, [name]: rest.length > 0 ? replaced(inner as Doc, rest, value) : value }
}

export function isObject(value: unknown): value is Doc {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
