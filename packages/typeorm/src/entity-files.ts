import {
  attachFile,
  bindManager,
  FiledepotError,
  giveBack,
  type DepotManager,
  type UploadedFile,
} from '@filedepot/core'
import type { EntityMetadata, ObjectLiteral, QueryRunner } from 'typeorm'
import { fileColumnsOf, type FileColumn, type GivenFile } from './file-column.ts'
import type { LoadedFiles } from './loaded-files.ts'
import { readCascadedRows } from './cascaded-rows.ts'
import { holdsText, pathsIn, readRowFiles, type RowFiles } from './row-files.ts'
import type { StatementClaim } from './statement-claims.ts'
import type { RunnerTransaction } from './runner-transactions.ts'

/** A row that is about to change, as it is before. */
export interface RowChange {
  readonly queryRunner: QueryRunner
  readonly metadata: EntityMetadata
  readonly row: RowFiles
}

/** Rows that are about to be deleted. */
export interface RowsRemoval extends Omit<RowChange, 'row'> {
  readonly rows: readonly RowFiles[]
}

/** What happens to the files of one row when TypeORM is about to insert, update or remove it. */
export class EntityFiles {
  readonly #depot: DepotManager
  readonly #loaded: LoadedFiles

  constructor(depot: DepotManager, loaded: LoadedFiles) {
    this.#depot = depot
    this.#loaded = loaded
  }

  /** Uploads what the entity holds, and lets it hold the stored values. */
  async insert(
    transaction: RunnerTransaction,
    metadata: EntityMetadata,
    entity: ObjectLiteral,
  ): Promise<void> {
    const columns = fileColumnsOf(metadata).filter(({ column }) => column.isInsert)
    await Promise.all(
      columns.map(async (column) => {
        const attached = await this.#attach(transaction, column, entity, [])
        if (!attached) return
        const isWritten = (queryRunner: QueryRunner) => holdsText(queryRunner, column, attached.text)
        transaction.claims.add(entity, { ...attached, lost: [], isWritten })
      }),
    )
  }

  /** Uploads what is new in the columns that changed; the row gives up what it held instead. */
  async update(
    transaction: RunnerTransaction,
    { queryRunner, metadata, row }: RowChange,
    entity: ObjectLiteral,
    changed: readonly FileColumn[],
  ): Promise<void> {
    await Promise.all(
      changed.map(async (column) => {
        const before = row.texts.get(column)
        const current = column.parse(before)
        if (
          this.#loaded.isUntouched(entity, column) &&
          column.transformer.to(column.get(entity)) !== before
        ) {
          this.#refresh(column, entity, current)
          return
        }
        const attached = await this.#attach(transaction, column, entity, current)
        const kept = new Set(pathsOf(attached?.files ?? []))
        const lost = pathsOf(current).filter((path) => !kept.has(path))
        const isWritten = async () =>
          (await readRowFiles(queryRunner, metadata, row.key))?.texts.get(column) === (attached?.text ?? null)
        transaction.claims.add(entity, { gained: [], revert: () => undefined, ...attached, lost, isWritten })
      }),
    )
  }

  /** The rows give up all of their files, and so do the rows that the database deletes with them. */
  async remove(
    transaction: RunnerTransaction,
    { queryRunner, metadata, rows }: RowsRemoval,
    subject: unknown,
  ): Promise<void> {
    for (const row of rows) transaction.claims.add(subject, removal(metadata, row))
    for (const { metadata: child, row } of await readCascadedRows(queryRunner, metadata, rows)) {
      // No event tells of these, and the same save may have moved them away; so each is looked for before the commit.
      transaction.claims.add(row, removal(child, row))
    }
  }

  /** Nobody changed the entity here, so somebody else changed the row: theirs is the newer value. */
  #refresh(column: FileColumn, entity: ObjectLiteral, current: readonly UploadedFile[]): void {
    for (const file of current) bindManager(file, this.#depot)
    column.set(entity, column.value(current))
    this.#loaded.remember(entity, column)
  }

  /** Makes the property hold stored values; `undefined` where it holds nothing. */
  async #attach(
    { files }: RunnerTransaction,
    column: FileColumn,
    entity: ObjectLiteral,
    current: readonly UploadedFile[],
  ): Promise<Attached | undefined> {
    const given = column.get(entity)
    if (given === undefined || given === null) return undefined
    const list = column.list(given)
    const paths = current.map(({ path }) => path)
    const gained: string[] = []
    const adopted: UploadedFile[] = []
    let value: unknown = given
    const revert = () => {
      for (const file of adopted) giveBack(file)
      // Whoever has put something else there since meant that.
      if (column.get(entity) === value) column.set(entity, given)
    }

    const attach = async (file: GivenFile) => {
      const stored = await attachFile(this.#depot, files, file, {
        ...column.settings,
        current: paths,
        revert,
      })
      if (stored !== file) gained.push(...stored.files)
      else if (!paths.includes(stored.path)) adopted.push(stored)
      return stored
    }
    const attached = await allOrNone(list.map(attach), (stored) => {
      // The property keeps what it was given, so what went well is in no row.
      if (adopted.includes(stored)) giveBack(stored)
      else if (!list.includes(stored)) files.discard(stored.files)
    }).catch((error: unknown) => {
      throw inColumn(error, column)
    })
    if (attached.some((file, index) => file !== list[index])) {
      value = column.value(attached)
      column.set(entity, value)
    }
    this.#loaded.remember(entity, column)
    return { files: attached, gained, text: column.transformer.to(value), revert }
  }
}

/** Right where the row is gone. */
function removal(metadata: EntityMetadata, row: RowFiles): StatementClaim {
  const isWritten = async (queryRunner: QueryRunner) =>
    (await readRowFiles(queryRunner, metadata, row.key)) === undefined
  return { gained: [], lost: pathsIn(row), isWritten, revert: () => undefined }
}

/** The files of a column, as the row is going to hold them. */
interface Attached {
  readonly files: readonly UploadedFile[]
  /** Paths that were uploaded for it. */
  readonly gained: readonly string[]
  /** What will stand in the column. */
  readonly text: unknown
  revert(): void
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

function pathsOf(files: readonly UploadedFile[]): string[] {
  return files.flatMap(({ files: paths }) => paths)
}

/** The same error, with the column's name in front of its message: a row may have several files. */
function inColumn(error: unknown, { column }: FileColumn): unknown {
  if (error instanceof FiledepotError) {
    error.message = `${column.entityMetadata.name}.${column.propertyPath}: ${error.message}`
  }
  return error
}
