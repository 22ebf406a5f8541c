import type { Where } from '../../prisma-internals.ts'
import type { DataModel, Model, Relation } from '../../schema/data-model.ts'

/** A `where` that names one row as one that filters rows: keys of several fields are spelled out. */
export function plainWhere({ compoundKeys }: Model, where: unknown): Where {
  if (typeof where !== 'object' || where === null) return {}
  const conditions = Object.entries(where).map(([name, value]: [string, unknown]) =>
    compoundKeys.has(name) && typeof value === 'object' ? { ...value } : { [name]: value },
  )
  return conditions.length === 1 ? (conditions[0] ?? {}) : { AND: conditions }
}

/** True if a `where` depends on fields of the rows themselves only. */
export function looksAtRowsAlone(model: Model, where: unknown): boolean {
  if (typeof where !== 'object' || where === null) return true
  return Object.entries(where).every(([name, value]: [string, unknown]) =>
    ['AND', 'OR', 'NOT'].includes(name)
      ? [value].flat().every((one) => looksAtRowsAlone(model, one))
      : !model.fields.get(name)?.relation,
  )
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
