import { viewForWrite, type CommandHandler } from '../command-context.ts'
import { isPlainObject, type Doc } from '../documents.ts'
import { findRecords } from '../find-records.ts'
import { whenReleased } from '../held-error.ts'
import { putNew } from '../put-new.ts'
import { projected } from '../query.ts'
import { seedOf, updatedRecord } from '../update-document.ts'

/** Changes or removes one document and answers with it, as it was or as it is now. */
export const findAndModify: CommandHandler = async (command, context) => {
  const { query, sort, remove, update: change, upsert, new: wantsNew, fields, arrayFilters } = command
  const view = viewForWrite(command.findAndModify, context)
  const shown = (doc: Doc): Doc => projected(doc, isPlainObject(fields) ? fields : undefined)

  return await whenReleased(() => {
    const [record] = findRecords(view, query, { sort, limit: 1 })
    if (remove === true) {
      if (record) view.remove(record)
      return { lastErrorObject: { n: record ? 1 : 0 }, value: record ? shown(record.doc) : null, ok: 1 }
    }
    if (record) {
      const after = updatedRecord(record, { change, arrayFilters })
      view.put(after)
      const value = shown(wantsNew === true ? after.doc : record.doc)
      return { lastErrorObject: { n: 1, updatedExisting: true }, value, ok: 1 }
    }
    if (upsert !== true) return { lastErrorObject: { n: 0, updatedExisting: false }, value: null, ok: 1 }
    const made = updatedRecord(seedOf(query, change), { change, arrayFilters, inserts: true })
    putNew(view, made, `${context.database}.${String(command.findAndModify)}`)
    const lastErrorObject = { n: 1, updatedExisting: false, upserted: made.doc._id }
    return { lastErrorObject, value: wantsNew === true ? shown(made.doc) : null, ok: 1 }
  })
}
