import type { Upkeep } from '@filedepot/ledger'
import type { FilesHome } from '../fields/field-values.ts'
import type { FileFields } from '../fields/file-fields.ts'
import type { DataModel, Model } from '../schema/data-model.ts'
import { fileGone } from './file-gone.ts'
import { findSlots } from './file-slots.ts'
import { LedgerWrite } from './ledger-write.ts'

/** What Prisma hands to a query extension. */
export interface Operation {
  readonly operation: string
  readonly args: Record<string, unknown>
  readonly query: (args: object) => Promise<unknown>
}

/** What the writes of a client have in common. */
interface HookParts {
  readonly home: FilesHome
  readonly schema: DataModel
  readonly fields: FileFields
  readonly upkeep: Upkeep
  /** Rejects if the ledger is not installed. */
  readonly check: () => Promise<void>
}

/** Runs the writes of callers: uploads the files that they bring, and sends the JSON of these in their place. */
export function ledgerHook({ home, schema, fields, upkeep, check }: HookParts) {
  return async (model: Model, { operation, args, query }: Operation): Promise<unknown> => {
    const { slots, deletes } = findSlots(schema, fields, model, args)
    const isCreate = operation.startsWith('create')
    const mayDiscard = deletes || operation.startsWith('delete') || (slots.length > 0 && !isCreate)
    if (slots.length === 0 && !mayDiscard) return await query(args)
    await check()
    const write = new LedgerWrite(home)
    await write.prepare(slots)
    try {
      return await query(args)
    } catch (error) {
      throw fileGone(model, error)
    } finally {
      // Prisma tells extensions nothing of the end of a transaction.
      upkeep.ended(write.uploads)
      if (mayDiscard) upkeep.discarded()
    }
  }
}

/** The models whose writes may reach a file: by themselves, or by those of related rows. */
export function modelsThatReachFiles({ models }: DataModel, fields: FileFields): Model[] {
  const reached = new Set([...models.values()].filter(({ name }) => fields.has(name)))
  for (let size = -1; size !== reached.size;) {
    size = reached.size
    for (const model of models.values()) {
      const related = [...model.fields.values()].map(({ relation }) => relation?.model)
      if (related.some((name) => name !== undefined && [...reached].some((one) => one.name === name)))
        reached.add(model)
    }
  }
  return [...reached].filter(({ isView }) => !isView)
}
