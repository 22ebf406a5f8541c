import type { TransactionLink, Where } from '../../prisma-internals.ts'
import type { UploadedFile } from '@filedepot/core'
import { giveBack, giveBackOriginal, movedFrom } from '@filedepot/core/integration'
import type { ReadRows, RowReader, SoughtFile } from './row-reader.ts'

/** An upload of a write, and all the files that belong to it. */
export interface Upload extends SoughtFile {
  readonly file: UploadedFile
  /** False if the caller had uploaded it before: it is his again where no row gets it. */
  readonly isOurs: boolean
  /** Another row may take it since. */
  readonly taking: number
}

/** Rows as they were before a write, and the keys by which they can be found after it. */
export interface Before {
  readonly rows: ReadRows
  readonly keysAfter: readonly Where[]
}

/** A write that failed within a transaction. What it did before it failed may stay, if the transaction is committed. */
export interface UncertainWrite {
  readonly before: readonly Before[]
  readonly uploads: readonly Upload[]
}

/** The files that no row has after all: those that were given up, and those that came to nothing. */
export async function resolveUncertainWrites(
  reader: RowReader,
  link: TransactionLink,
  uncertainWrites: readonly UncertainWrite[],
): Promise<string[]> {
  const unheld: string[] = []
  for (const { before, uploads } of uncertainWrites) {
    unheld.push(
      ...(await unheldUploads(reader, link, uploads)),
      ...(await pathsGivenUp(reader, link, before)),
    )
  }
  return unheld
}

/**
 * The files of uploads that no row has, and the originals of copies that rows have. A value that the caller had uploaded
 * before is given back if no row has it.
 */
export async function unheldUploads(
  reader: RowReader,
  link: TransactionLink | undefined,
  uploads: readonly Upload[],
): Promise<string[]> {
  if (uploads.length === 0) return []
  const held = await reader.heldUploads(link, uploads)
  return [
    ...comeToNothing(uploads.filter(({ file }) => !held.has(file.path))),
    ...originalsOf(uploads.filter(({ file }) => held.has(file.path))),
  ]
}

/** The files of uploads that no row has, which are ours. What the caller had uploaded before is given back. */
export function comeToNothing(uploads: readonly Upload[]): string[] {
  return uploads.flatMap(({ file, isOurs, taking }) => {
    if (isOurs) giveBackOriginal(file)
    else giveBack(file, taking)
    return isOurs ? file.files : []
  })
}

/** The files in whose place rows have got copies. */
export function originalsOf(uploads: readonly Upload[]): string[] {
  return uploads.flatMap(({ file }) => movedFrom(file)?.files ?? [])
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
