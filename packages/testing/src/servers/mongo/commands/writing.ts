import { ObjectId } from 'bson'
import { CommandError } from '../command-error.ts'
import { viewForWrite, viewOf, type CommandHandler } from '../command-context.ts'
import { recordOf } from '../document-record.ts'
import type { Doc } from '../documents.ts'
import { findRecords } from '../find-records.ts'
import { whenReleased } from '../held-error.ts'
import { putNew } from '../put-new.ts'
import { checkSize, seedOf, updatedRecord } from '../update-document.ts'
import type { View } from '../view.ts'

const insert: CommandHandler = async (command, context) => {
  const view = viewForWrite(command.insert, context)
  return await eachOf(command.documents, command, async (doc) => {
    const record = recordOf(doc._id === undefined ? { _id: new ObjectId(), ...doc } : doc)
    checkSize(record)
    await whenReleased(() => {
      putNew(view, record, `${context.database}.${String(command.insert)}`)
    })
    return { n: 1 }
  })
}

const update: CommandHandler = async (command, context) => {
  const view = viewForWrite(command.update, context)
  return await eachOf(command.updates, command, async (statement, index) => {
    const { q, u: change, multi, upsert, arrayFilters, sort } = statement
    const records = findRecords(view, q, { sort })
    if (multi === true) {
      const changed = await Promise.all(
        records.map(({ key }) => whenReleased(() => changeOne(view, key, { change, arrayFilters }))),
      )
      if (records.length > 0) return { n: records.length, nModified: changed.filter(Boolean).length }
    }
    return await whenReleased(() => {
      const [record] = findRecords(view, q, { sort, limit: 1 })
      if (record) return { n: 1, nModified: Number(changeOne(view, record.key, { change, arrayFilters })) }
      if (upsert !== true) return { n: 0, nModified: 0 }
      const made = updatedRecord(seedOf(q, change), { change, arrayFilters, inserts: true })
      putNew(view, made, `${context.database}.${String(command.update)}`)
      return { n: 1, nModified: 0, upserted: [{ index, _id: made.doc._id }] }
    })
  })
}

/** True if the document is another one afterwards. */
function changeOne(view: View, key: string, how: { change: unknown; arrayFilters: unknown }): boolean {
  const record = view.get(key)
  if (!record) return false
  const after = updatedRecord(record, how)
  if (Buffer.compare(after.raw, record.raw) === 0) return false
  view.put(after)
  return true
}

const remove: CommandHandler = async (command, context) => {
  const view = viewOf(command.delete, context)
  if (!view) return { n: 0, ok: 1 }
  return await eachOf(command.deletes, command, async ({ q, limit }) => {
    let n = 0
    for (const { key } of findRecords(view, q, { limit })) {
      await whenReleased(() => {
        const record = view.get(key)
        if (!record) return
        view.remove(record)
        n++
      })
    }
    return { n }
  })
}

/** Runs the statements of a write; an error ends it, or with `ordered: false` only the statement. */
async function eachOf(
  statements: unknown,
  { ordered, autocommit }: Doc,
  run: (statement: Doc, index: number) => Promise<WriteResult>,
): Promise<Doc> {
  const total: WriteResult & { writeErrors: Doc[] } = { n: 0, writeErrors: [] }
  for (const [index, statement] of (statements as Doc[]).entries()) {
    try {
      const { n, nModified, upserted } = await run(statement, index)
      total.n += n
      if (nModified !== undefined) total.nModified = (total.nModified ?? 0) + nModified
      if (upserted) total.upserted = [...(total.upserted ?? []), ...upserted]
    } catch (error) {
      // In a transaction the first error ends it all.
      if (!(error instanceof CommandError) || autocommit === false) throw error
      const { code, message, details } = error
      total.writeErrors.push({ index, code, errmsg: message, ...details })
      if (ordered !== false) break
    }
  }
  const { writeErrors, ...counts } = total
  return { ...counts, ...(writeErrors.length > 0 ? { writeErrors } : {}), ok: 1 }
}

interface WriteResult {
  n: number
  nModified?: number
  upserted?: Doc[]
}

/** Writing. */
export const writingCommands: Record<string, CommandHandler> = { insert, update, delete: remove }
