import {
  attachFile,
  FiledepotError,
  type DepotManager,
  type FileTransaction,
  type UploadedFile,
} from '@filedepot/core'
import type { EntityMetadata, ObjectLiteral, QueryRunner } from 'typeorm'
import { fileColumnsOf, type FileColumn } from './file-column.ts'
import type { LoadedFiles } from './loaded-files.ts'
import { readRowFiles } from './row-files.ts'

/** What happens to the files of one row when TypeORM is about to insert, update or remove it. */
export class EntityFiles {
  readonly #depot: DepotManager
  readonly #loaded: LoadedFiles

  constructor(depot: DepotManager, loaded: LoadedFiles) {
    this.#depot = depot
    this.#loaded = loaded
  }

  /** Uploads what the entity holds, and lets it hold the stored values. */
  async insert(transaction: FileTransaction, metadata: EntityMetadata, entity: ObjectLiteral): Promise<void> {
    await Promise.all(
      fileColumnsOf(metadata)
        .filter(({ column }) => column.isInsert)
        .map((column) => this.#attach(transaction, column, entity, [])),
    )
  }

  /** Uploads what is new in the columns that changed, and gives up what the row holds instead of it. */
  async update(
    transaction: FileTransaction,
    { queryRunner, metadata, entity, key, changed }: UpdateOfRow,
  ): Promise<void> {
    const row = await readRowFiles(queryRunner, metadata, key)
    await Promise.all(
      changed.map(async (column) => {
        const text = row?.get(column)
        const current = column.parse(text)
        if (this.#loaded.isUntouched(entity, column) && column.transformer.to(column.get(entity)) !== text) {
          // Nobody changed it here, so somebody else did in the row: theirs is the newer one.
          column.set(entity, column.value(current))
          this.#loaded.remember(entity, column)
          return
        }
        const attached = await this.#attach(transaction, column, entity, current)
        const kept = new Set(attached.flatMap(({ files }) => files))
        transaction.discard(current.flatMap(({ files }) => files).filter((path) => !kept.has(path)))
      }),
    )
  }

  /** Gives up all files of the row. */
  async remove(
    transaction: FileTransaction,
    { queryRunner, metadata, key }: Pick<UpdateOfRow, 'queryRunner' | 'metadata' | 'key'>,
  ): Promise<void> {
    const row = await readRowFiles(queryRunner, metadata, key)
    for (const [column, text] of row ?? []) {
      transaction.discard(column.parse(text).flatMap(({ files }) => files))
    }
  }

  async #attach(
    transaction: FileTransaction,
    column: FileColumn,
    entity: ObjectLiteral,
    current: readonly UploadedFile[],
  ): Promise<UploadedFile[]> {
    const given = column.get(entity)
    if (given === undefined || given === null) return []
    let value: unknown
    const revert = () => {
      // Whoever has put something else there since meant that.
      if (value !== undefined && column.get(entity) === value) column.set(entity, given)
    }
    const { type, storage, maxSize, validators, filters } = column.settings
    const options = {
      type,
      storage,
      maxSize,
      validators,
      filters,
      current: current.map(({ path }) => path),
      revert,
    }
    const list = column.list(given)
    const attached = await Promise.all(
      list.map((file) => attachFile(this.#depot, transaction, file, options)),
    ).catch((error: unknown) => {
      throw inColumn(error, column)
    })
    if (attached.some((file, index) => file !== list[index])) {
      value = column.value(attached)
      column.set(entity, value)
    }
    this.#loaded.remember(entity, column)
    return attached
  }
}

/** A row that is about to change. */
export interface UpdateOfRow {
  readonly queryRunner: QueryRunner
  readonly metadata: EntityMetadata
  readonly entity: ObjectLiteral
  /** An object with the primary key of the row. */
  readonly key: ObjectLiteral
  readonly changed: readonly FileColumn[]
}

/** The same error, with the column's name in front of its message: a row may have several files. */
function inColumn(error: unknown, { column }: FileColumn): unknown {
  if (error instanceof FiledepotError) {
    error.message = `${column.entityMetadata.name}.${column.propertyPath}: ${error.message}`
  }
  return error
}
