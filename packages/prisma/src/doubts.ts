import type { ReadRows, RowReader, SoughtFile } from './row-reader.ts'
import type { Where } from './plan/write-plan.ts'
import type { TransactionLink } from './prisma-internals.ts'

/** An upload of a write, and all the files that belong to it. */
export interface Upload extends SoughtFile {
  readonly paths: readonly string[]
}

/** Rows as they were before a write, and the keys by which they can be found after it. */
export interface Before {
  readonly rows: ReadRows
  readonly keysAfter: readonly Where[]
}

/** A write that failed within a transaction. What it did before it failed may stay, if the transaction is committed. */
export interface Doubt {
  readonly before: readonly Before[]
  readonly uploads: readonly Upload[]
}

/** The files that no row has after all: those that were given up, and those that came to nothing. */
export async function resolveDoubts(
  reader: RowReader,
  link: TransactionLink,
  doubts: readonly Doubt[],
): Promise<string[]> {
  const unheld: string[] = []
  for (const { before, uploads } of doubts) {
    const held = uploads.length > 0 ? await reader.heldUploads(link, uploads) : new Set<string>()
    for (const { paths } of uploads) if (!paths.some((path) => held.has(path))) unheld.push(...paths)
    unheld.push(...(await pathsGivenUp(reader, link, before)))
  }
  return unheld
}

/** The files that rows had before a write, and have no more. */
export async function pathsGivenUp(
  reader: RowReader,
  link: TransactionLink,
  before: readonly Before[],
): Promise<string[]> {
  const paths = new Set(before.flatMap(({ rows }) => rows.paths))
  if (paths.size === 0) return []
  for (const { rows, keysAfter } of before) {
    if (rows.paths.length === 0) continue
    const keys = [...rows.keys, ...keysAfter]
    for (const path of await reader.pathsHeld(link, rows.model, keys, rows.fields)) paths.delete(path)
  }
  return [...paths]
}
