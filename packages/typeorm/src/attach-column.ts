import {
  attachFile,
  attachNow,
  FiledepotError,
  giveBack,
  markRevoked,
  type DepotManager,
  type FileTransaction,
  type UploadedFile,
} from '@filedepot/core'
import type { ObjectLiteral } from 'typeorm'
import type { FileColumn, GivenFile } from './file-column.ts'

/** How the files of a column get into their storages. */
export interface AttachColumnOptions {
  readonly depot: DepotManager
  readonly files: FileTransaction
  /** Runs an upload, in which code of the program runs. */
  readonly enter: <T>(upload: () => Promise<T>) => Promise<T>
  /** Hears of a file that was uploaded beside one that failed, so that no row is going to hold it. */
  readonly leave: (stored: UploadedFile, scope: object) => void
}

/** The files of a column, as the row is going to hold them. */
export interface Attached {
  readonly files: readonly UploadedFile[]
  /** Paths that were uploaded for it. */
  readonly gained: readonly string[]
  /** Paths that were uploaded before. */
  readonly adopted: readonly string[]
  /** What will stand in the column. */
  readonly text: unknown
  /** The row does not hold them: puts back what the property was given. */
  revert(): void
}

/**
 * Makes the property hold stored values; `undefined` where it holds nothing.
 *
 * @param current what the row holds now
 */
export async function attachColumn(
  column: FileColumn,
  entity: ObjectLiteral,
  current: readonly UploadedFile[],
  { depot, files, enter, leave }: AttachColumnOptions,
): Promise<Attached | undefined> {
  const { scope } = files
  const given = column.get(entity)
  if (given === undefined || given === null) return undefined
  const list = column.list(given)
  const paths = current.map(({ path }) => path)
  const adopted: UploadedFile[] = []
  let value: unknown = given
  const uploaded: UploadedFile[] = []
  const revert = () => {
    for (const file of adopted) giveBack(file)
    // A statement that comes late must not write what is going.
    for (const file of uploaded) markRevoked(file)
    // Whoever has put something else there since meant that.
    if (column.get(entity) === value) column.set(entity, given)
  }

  const attach = async (file: GivenFile) => {
    const options = { ...column.settings, current: paths, revert }
    const stored =
      attachNow(depot, files, file, options) ?? (await enter(() => attachFile(depot, files, file, options)))
    if (stored !== file) uploaded.push(stored)
    else if (!paths.includes(stored.path)) adopted.push(stored)
    return stored
  }
  const attached = await allOrNone(list.map(attach), (stored) => {
    // The property keeps what it was given, so what went well is in no row.
    if (adopted.includes(stored)) giveBack(stored)
    else if (list.includes(stored)) return
    else if (files.settled) void depot.deleteFiles(stored.files)
    else leave(stored, scope)
  }).catch((error: unknown) => {
    throw inColumn(error, column)
  })
  if (attached.some((file, index) => file !== list[index])) {
    value = column.value(attached)
    column.set(entity, value)
  }
  return {
    files: attached,
    gained: pathsOf(uploaded),
    adopted: pathsOf(adopted),
    text: column.transformer.to(value),
    revert,
  }
}

/** The paths of all files that belong to these values. */
export function pathsOf(files: readonly UploadedFile[]): string[] {
  return files.flatMap(({ files: paths }) => paths)
}

/** As `Promise.all`; where one fails, `undo` gets the results of the others, also of those that come later. */
async function allOrNone<T>(running: readonly Promise<T>[], undo: (result: T) => void): Promise<T[]> {
  try {
    return await Promise.all(running)
  } catch (error) {
    for (const one of running) one.then(undo).catch(() => undefined)
    throw error
  }
}

/** The same error, with the column's name in front of its message: a row may have several files. */
function inColumn(error: unknown, { column }: FileColumn): unknown {
  if (error instanceof FiledepotError) {
    error.message = `${column.entityMetadata.name}.${column.propertyPath}: ${error.message}`
  }
  return error
}
