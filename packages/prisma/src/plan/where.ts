import type { DataModel, Model, Relation } from '../schema/data-model.ts'
import type { Where } from './write-plan.ts'

/** A `where` that names one row as one that filters rows: keys of several fields are spelled out. */
export function plainWhere({ compoundKeys }: Model, where: unknown): Where {
  if (typeof where !== 'object' || where === null) return {}
  const conditions = Object.entries(where).map(([name, value]: [string, unknown]) =>
    compoundKeys.has(name) && typeof value === 'object' ? { ...value } : { [name]: value },
  )
  return conditions.length === 1 ? (conditions[0] ?? {}) : { AND: conditions }
}

/** The rows that a relation leads to, from those that another `where` filters, or that it is about to lead to. */
export function rowsUnder(
  schema: DataModel,
  { model, opposite }: Relation,
  {
    parent,
    connected,
    where,
  }: { readonly parent: Where | undefined; readonly connected: readonly Where[]; readonly where: Where },
): Where {
  if (!parent) return where
  const isList = schema.get(model).fields.get(opposite)?.isList === true
  const under = { [opposite]: { [isList ? 'some' : 'is']: parent } }
  return { AND: [connected.length === 0 ? under : { OR: [under, ...connected] }, where] }
}

/** The rows with these keys. */
export function withKeys({ key }: Model, keys: readonly Where[]): Where {
  return withValues(key, key, keys)
}

/**
 * The rows in which fields have the values that others have in other fields. Rows that only differ in the last one share a
 * list: a database takes so many parameters only, and Prisma splits one list that is longer.
 */
export function withValues(
  names: readonly string[],
  others: readonly string[],
  rows: readonly Where[],
): Where {
  // No rows: an `OR` of nothing within the `where` of an upsert is nothing that Prisma heeds.
  if (rows.length === 0) return { [names.at(-1) ?? '']: { in: [] } }
  const valuesOf = (row: Where) => others.map((other) => row[other])
  const groups = new Map<string, { first: readonly unknown[]; last: unknown[] }>()
  for (const row of rows) {
    const values = valuesOf(row)
    const first = values.slice(0, -1)
    const group = groups.get(nameOfValues(first)) ?? { first, last: [] }
    group.last.push(values.at(-1))
    groups.set(nameOfValues(first), group)
  }
  const conditions = [...groups.values()].map(({ first, last }) => {
    const condition: Record<string, unknown> = { [names.at(-1) ?? '']: { in: last } }
    for (const [index, value] of first.entries()) condition[names[index] ?? ''] = value
    return condition
  })
  return conditions.length === 1 ? (conditions[0] ?? {}) : { OR: conditions }
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
