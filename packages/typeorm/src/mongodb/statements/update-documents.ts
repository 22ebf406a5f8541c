import type { UploadedFile } from '@filedepot/core'
import { isUploadedFile, isVerified, textOf } from '@filedepot/core/integration'
import type { FileColumn } from '../../column/file-column.ts'
import { keyOf, pathOf, type CollectionFiles } from '../files/collection-files.ts'
import type { DocumentClaim } from '../files/document-claim.ts'
import { eachOf } from './each-of.ts'
import { fileChangesOf, namesFiles, type FileChange } from '../files/file-changes.ts'
import type { FileUnit } from '../files/file-unit.ts'
import type { Doc, ModifyResult } from '../../typeorm-internals.ts'
import { isObject, withoutPath, withValue } from '../files/paths.ts'
import { cannotFollow, severalDocuments } from '../files/refusals.ts'
import { updateOfSave } from './save-update.ts'
import type { Statement } from './statement.ts'

/** An update that changes file columns. */
interface FileUpdate {
  readonly filter: Doc
  readonly update: Doc
  readonly changes: readonly FileChange[]
}

/** What the client answers to an update. */
interface UpdateAnswer {
  acknowledged: boolean
  matchedCount: number
  /** Also of documents that were the same before: a statement that answers with the document does not say. */
  modifiedCount: number
  upsertedCount: number
  upsertedId: unknown
}

/** Updates documents: at once where no file column changes, else one by one, with their files. */
export async function updateDocuments(
  statement: Statement,
  filter: Doc,
  update: unknown,
  { many, execute }: { many: boolean; execute: () => Promise<unknown> },
): Promise<unknown> {
  const { files, unit } = statement
  const answer = { acknowledged: true, matchedCount: 0, modifiedCount: 0, upsertedCount: 0, upsertedId: null }
  const claim = unit && preparedFor(unit, files, filter, update)
  if (claim) {
    count(answer, await updateOfSave(statement, { unit, claim, filter, update: update as Doc }))
    return answer
  }
  const changes = changesOf(statement, filter, update)
  if (changes.length === 0) return await execute()
  const change = { filter, update: update as Doc, changes }
  return await statement.alone(async (own) => {
    const docs = await statement.read(filter, many && !givesFiles(changes) ? {} : { limit: many ? 2 : 1 })
    if (givesFiles(changes) && docs.length > 1) throw severalDocuments(files)
    await eachOf(docs, async (doc) => {
      count(answer, await updateOne(statement, own, doc, change))
    })
    if (docs.length === 0) count(answer, await updateOne(statement, own, undefined, change))
    return answer
  })
}

/** What an update does to file columns. @throws FiledepotError `NOT_SUPPORTED` */
export function changesOf({ files, options }: Statement, filter: Doc, update: unknown): FileChange[] {
  if (options.upsert === true && namesFiles(files, filter)) throw cannotFollow(files, 'an upsert by a file')
  return fileChangesOf(files, update)
}

/** Updates one document, or with `upsert` the one that is to be made. */
export async function updateOne(
  statement: Statement,
  unit: FileUnit,
  doc: Doc | undefined,
  { filter, update, changes }: FileUpdate,
  projection?: Doc,
): Promise<ModifyResult | undefined> {
  if (!doc && statement.options.upsert !== true) return undefined
  const claim = unit.claim({})
  let { $set } = update
  for (const { column, given } of changes) {
    const current = column.parse(column.get(doc ?? {}))
    const path = pathOf(column)
    if (holds(column, given, current)) {
      if (isObject($set)) $set = withoutPath($set, path)
    } else if (column.list(given).length === 0) {
      claim.add(column, undefined, current)
    } else {
      column.set(claim.subject, given)
      await unit.attach(claim, column, current)
      if (isObject($set)) $set = withValue($set, path, column.get(claim.subject))
    }
  }
  const rest = withSet(update, $set)
  if (doc && Object.keys(rest).length === 0) {
    unit.written(claim, [])
    const [value] = await statement.read({ _id: doc._id }, projection && { projection })
    return { value: value ?? null, lastErrorObject: { n: 1 } }
  }
  return await statement.modify(
    unit,
    { claim, id: doc?._id, ...(projection && { projection }) },
    [...(doc ? [{ _id: doc._id }] : []), filter],
    (one, options) => statement.collection.findOneAndUpdate(one, rest, options),
  )
}

/** The claim that a save has made for this very update; subscribers may have sent another one of their own. */
function preparedFor(
  unit: FileUnit,
  files: CollectionFiles,
  filter: Doc,
  update: unknown,
): DocumentClaim | undefined {
  if (!isObject(update) || Object.keys(update).join() !== '$set' || !isObject(update.$set)) return undefined
  const { $set } = update
  return unit.takeUpdate(keyOf(files.name, filter._id), ({ subject }) =>
    files.columns.every((column) => {
      const [held, written] = [column.get(subject), column.get($set)].map((value) => column.list(value))
      return held?.length === written?.length && held?.every((file, index) => file === written?.[index])
    }),
  )
}

function givesFiles(changes: readonly FileChange[]): boolean {
  return changes.some(({ column, given }) => column.list(given).length > 0)
}

/** True if the column already has this value: then it is not written, and a concurrent change wins. */
function holds(column: FileColumn, given: unknown, current: readonly UploadedFile[]): boolean {
  const list = column.list(given)
  if (list.length === 0 || list.length !== current.length) return false
  return current.every((file, index) => isSameValue(file, list[index]))
}

/** True for the same file under the same name and with the same metadata. What a client says of them is not believed. */
function isSameValue(held: UploadedFile, given: unknown): boolean {
  if (!held.equals(given) || !isUploadedFile(given)) return false
  return !isVerified(given) || textOf(held) === textOf(given)
}

/** The update with these fields to set. The client refuses an operator without any. */
function withSet(update: Doc, $set: unknown): Doc {
  if (!isObject($set)) return update
  const others = Object.entries(update).filter(([operator]) => operator !== '$set')
  return { ...Object.fromEntries(others), ...(Object.keys($set).length > 0 && { $set }) }
}

function count(answer: UpdateAnswer, result: ModifyResult | undefined): void {
  if (!result) return
  const upserted = result.lastErrorObject?.upserted
  if (upserted === undefined) {
    answer.matchedCount++
    answer.modifiedCount++
  } else {
    answer.upsertedCount++
    answer.upsertedId = upserted
  }
}
