import { LEASE } from './databases/deletion-times.ts'
import { deleteTaken, firstTry } from './delete-taken.ts'
import { expectTrusted, runStep, type LedgerContext } from './ledger-context.ts'

/** The paths of files that no row can have. */
export interface UnwantedFiles {
  /** The ledger does not have them. */
  readonly unknown: readonly string[]
  /** The ledger has them as deleted, and they are there. */
  readonly again: readonly string[]
}

/** What became of files that the ledger did not have. */
export interface BuriedFiles {
  readonly deleted: number
  /** Marked as gone, and still there: drains try again. */
  readonly failed: number
  /** The paths of those that a row has taken, or is taking. */
  readonly kept: readonly string[]
}

/**
 * Marks files as gone, and deletes those that could be marked. The key of the table decides between the mark and a
 * transaction that refers to the file: one of them is refused.
 */
export async function buryFiles(
  context: LedgerContext,
  { unknown: paths, again }: UnwantedFiles,
): Promise<BuriedFiles> {
  const { database } = context
  const marked = [...(await mark(context, paths)), ...again]
  if (again.length > 0) await runStep(context, (session) => database.deleteAgain(session, again, LEASE))
  const { deleted, failed } = await deleteTaken(context, firstTry(marked))
  const isMarked = new Set(marked)
  return { deleted, failed, kept: paths.filter((path) => !isMarked.has(path)) }
}

/** Leaves out what an open transaction holds: of a batch that has to wait, each half is tried by itself. */
async function mark(context: LedgerContext, paths: readonly string[]): Promise<readonly string[]> {
  if (paths.length === 0) return []
  const marked = await runStep(context, async (session) => {
    await expectTrusted(context, session)
    return await context.database.bury(session, paths, LEASE)
  })
  if (marked || paths.length === 1) return marked ?? []
  const half = Math.ceil(paths.length / 2)
  return [...(await mark(context, paths.slice(0, half))), ...(await mark(context, paths.slice(half)))]
}
