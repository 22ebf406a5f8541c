import type { Where } from '../prisma-internals.ts'
import type { Model } from './data-model.ts'

/** The rows with these keys. */
export function withKeys({ key }: Model, keys: readonly Where[]): Where {
  return withValues(key, key, keys)
}

/**
 * The rows in which fields have the values that others have in other fields. Rows that differ in one field only share a list:
 * a database takes so many parameters only, and Prisma splits one list that is longer.
 */
function withValues(names: readonly string[], others: readonly string[], rows: readonly Where[]): Where {
  // No rows: an `OR` of nothing within the `where` of an upsert is nothing that Prisma heeds.
  if (rows.length === 0) return { [names.at(-1) ?? '']: { in: [] } }
  const { listed, groups } = groupByValues(valuesOf(others, rows))
  return anyOf(names, listed, groups)
}

/** How many values of keys of several fields one statement of Prisma names: with SQLite it takes no more. */
const VALUES_AT_A_TIME = 900

/** The same in parts that one statement each can name. One list alone Prisma splits by itself. */
export function* withValuesInParts(
  names: readonly string[],
  others: readonly string[],
  rows: readonly Where[],
): Iterable<Where> {
  if (rows.length === 0) return
  if (names.length === 1) {
    yield withValues(names, others, rows)
    return
  }
  const { listed, groups } = groupByValues(valuesOf(others, rows))
  for (const part of inParts(groups, VALUES_AT_A_TIME)) yield anyOf(names, listed, part)
}

function valuesOf(names: readonly string[], rows: readonly Where[]): unknown[][] {
  return rows.map((row) => names.map((name) => row[name]))
}

function anyOf(names: readonly string[], listed: number, groups: readonly ValueGroup[]): Where {
  const conditions = groups.map(({ same, list }) => {
    const condition: Record<string, unknown> = { [names[listed] ?? '']: { in: list } }
    for (const [index, value] of same.entries()) {
      if (index !== listed) condition[names[index] ?? ''] = value
    }
    return condition
  })
  return conditions.length === 1 ? (conditions[0] ?? {}) : { OR: conditions }
}

/** Rows of values that differ in one place only. */
export interface ValueGroup {
  /** The values of its first row. */
  readonly same: readonly unknown[]
  /** What its rows have in the place where they differ. */
  readonly list: readonly unknown[]
}

/** Groups rows by all values but those in one place: the one that makes the fewest groups. */
export function groupByValues(rows: readonly (readonly unknown[])[]): {
  readonly listed: number
  readonly groups: readonly ValueGroup[]
} {
  const width = rows[0]?.length ?? 0
  let best: { listed: number; groups: readonly ValueGroup[] } | undefined
  for (let listed = width - 1; listed >= 0; listed--) {
    const groups = new Map<string, { same: readonly unknown[]; list: unknown[] }>()
    for (const row of rows) {
      const name = nameOfValues(row.filter((_, index) => index !== listed))
      const group = groups.get(name)
      if (group) group.list.push(row[listed])
      else groups.set(name, { same: row, list: [row[listed]] })
    }
    if (!best || groups.size < best.groups.length) best = { listed, groups: [...groups.values()] }
    if (best.groups.length === 1) break
  }
  return best ?? { listed: 0, groups: [] }
}

/** How many conditions one statement has: what the database plans of more of them takes longer than several statements. */
const CONDITIONS_AT_A_TIME = 200

/** Groups in parts that one statement can name. */
export function* inParts(groups: readonly ValueGroup[], most: number): Iterable<ValueGroup[]> {
  let part: ValueGroup[] = []
  let count = 0
  for (const { same, list } of groups) {
    for (let at = 0; at < list.length; at += most) {
      const some = list.slice(at, at + most)
      if (part.length === CONDITIONS_AT_A_TIME || count + some.length > most) {
        if (part.length > 0) yield part
        part = []
        count = 0
      }
      part.push({ same, list: some })
      count += some.length
    }
  }
  if (part.length > 0) yield part
}

/** Names values: the same for what a model gives and for what raw SQL does. */
export function nameOfValues(values: readonly unknown[]): string {
  return JSON.stringify(
    values.map((value) => {
      if (value instanceof Date) return value.toISOString()
      return value instanceof Uint8Array ? Buffer.from(value).toString('hex') : String(value)
    }),
  )
}
