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

/** The rows in which fields have the values that others have in other fields. */
export function withValues(
  names: readonly string[],
  others: readonly string[],
  rows: readonly Where[],
): Where {
  const [only, other] = [names[0], others[0]]
  if (names.length === 1 && only !== undefined && other !== undefined) {
    return { [only]: { in: rows.map((row) => row[other]) } }
  }
  return {
    OR: rows.map((row) => Object.fromEntries(names.map((name, index) => [name, row[others[index] ?? '']]))),
  }
}
