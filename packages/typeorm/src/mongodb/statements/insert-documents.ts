import type { DocumentClaim } from '../files/document-claim.ts'
import type { FileUnit } from '../files/file-unit.ts'
import type { Doc } from '../../typeorm-internals.ts'
import type { Statement } from './statement.ts'
import { isRefusal, unacknowledged } from './write-answers.ts'

type Execute = () => Promise<unknown>

/** Inserts documents, whose files are uploaded first if a save has not done it already. */
export async function insertDocuments(
  statement: Statement,
  docs: readonly Doc[],
  execute: Execute,
): Promise<unknown> {
  const { files, unit } = statement
  const prepared = docs.map((doc) => unit?.inserted(doc))
  if (unit && prepared.every((claim) => claim !== undefined)) {
    return await insert(statement, unit, docs, prepared, execute)
  }
  if (!docs.some((doc) => files.isIn(doc))) return await execute()
  return await statement.alone(async (own) => {
    const claims = await Promise.all(docs.map((doc) => own.insert(files, doc)))
    return await insert(statement, own, docs, claims, execute)
  })
}

async function insert(
  statement: Statement,
  unit: FileUnit,
  docs: readonly Doc[],
  claims: readonly DocumentClaim[],
  execute: Execute,
): Promise<unknown> {
  let result: unknown
  try {
    result = await execute()
  } catch (error) {
    // Of several documents, those before the one that was refused have been written.
    if (claims.length > 1 || !isRefusal(error)) {
      // The client has given each document its id before it sent them.
      const claimed = claims.map((claim, index) => ({ claim, id: docs[index]?._id }))
      await statement.lookUp(unit, claimed, error)
    }
    throw error
  }
  const { acknowledged } = result as { acknowledged?: boolean }
  for (const claim of claims) {
    if (acknowledged === false) unit.unsettled(claim, unacknowledged())
    else unit.written(claim, [])
  }
  return result
}
