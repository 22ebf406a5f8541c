import type { FileField, FileFields } from '../fields/file-fields.ts'
import { isWrapped } from '../fields/is-wrapped.ts'
import type { DataModel, Model } from '../schema/data-model.ts'

/** An object of the arguments of an operation. We may change it, as Prisma has cloned it for us. */
type Args = Record<string, unknown>

/** A place in the arguments of a write that holds the value of a file field. */
export interface FileSlot {
  readonly field: FileField
  readonly holder: Args
}

/** What a write does to files, as far as its arguments say. */
export interface FoundSlots {
  readonly slots: FileSlot[]
  /** True if related rows are deleted. */
  deletes: boolean
}

/** The places where a write gives values to file fields, at any depth. */
export function findSlots(schema: DataModel, fields: FileFields, model: Model, args: Args): FoundSlots {
  const found: FoundSlots = { slots: [], deletes: false }
  const each = (values: unknown, visit: (one: Args) => void) => {
    for (const one of [values].flat()) if (typeof one === 'object' && one !== null) visit(one as Args)
  }
  const rows = (of: Model, data: unknown) => {
    each(data, (row) => {
      for (const name of Object.keys(row)) {
        const field = fields.get(of.name)?.get(name)
        if (field) found.slots.push({ field, holder: row })
        const known = of.fields.get(name)
        if (known?.relation) related(schema.get(known.relation.model), known.isList, row[name])
      }
    })
  }
  const related = (of: Model, isList: boolean, writes: unknown) => {
    each(writes, (one) => {
      for (const [write, values] of Object.entries(one)) {
        if (write === 'create') rows(of, values)
        else if (write === 'delete' || write === 'deleteMany') found.deletes = true
        else {
          each(values, (to) => {
            if (write === 'update') rows(of, isList || isWrapped(of, to) ? to.data : to)
            else if (WRITES.includes(write)) rows(of, [to.data, to.create, to.update].flat())
          })
        }
      }
    })
  }
  rows(model, [args.data, args.create, args.update].flat())
  return found
}

/** Of related rows, beside those that are written in another form. */
const WRITES: readonly string[] = ['createMany', 'connectOrCreate', 'upsert', 'updateMany']
