import type { DataSource, EntityMetadata, ObjectLiteral, QueryRunner } from 'typeorm'
import { type WriteBuilder, dataSourceOf, familyOf } from '../../typeorm-internals.ts'
import type { FileColumn } from '../../column/file-column.ts'
import { keyOf, type RowFiles } from './row-files.ts'
import {
  selectAffected,
  selectRows,
  selectText,
  toRowFiles,
  whereSame,
  type KeyColumns,
  type Statement,
} from './select-rows.ts'

/** How many rows are asked for in one statement. */
const ROWS_AT_ONCE = 200

/** A request for rows, by their keys. */
interface Request {
  readonly key: ObjectLiteral
  readonly resolve: (row: RowFiles | undefined) => void
  readonly reject: (error: unknown) => void
}

const readers = new WeakMap<QueryRunner, RowReader>()

/** The one reader of a query runner. */
export function readerOf(queryRunner: QueryRunner): RowReader {
  let reader = readers.get(queryRunner)
  if (!reader) {
    reader = new RowReader(queryRunner)
    readers.set(queryRunner, reader)
  }
  return reader
}

/**
 * Reads rows within the transaction of a query runner, and locks them if the database can. What TypeORM itself has
 * loaded was read before the transaction began, without a lock, and lacks columns with `select: false`.
 *
 * Hooks run at the same time, and a connection runs one statement at a time: so statements follow each other, and
 * rows that are asked for in one go are read in one statement.
 */
export class RowReader {
  readonly #queryRunner: QueryRunner
  readonly #dataSource: DataSource
  #last: Promise<unknown> = Promise.resolve()
  #waiting = new Map<EntityMetadata, Request[]>()

  /** Use {@link readerOf}. */
  constructor(queryRunner: QueryRunner) {
    this.#queryRunner = queryRunner
    this.#dataSource = dataSourceOf(queryRunner)
  }

  /** The row with this primary key as it is now, or `undefined` where there is none. */
  read(metadata: EntityMetadata, key: ObjectLiteral): Promise<RowFiles | undefined> {
    if (this.#waiting.size === 0) {
      queueMicrotask(() => {
        this.#readWaiting()
      })
    }
    return new Promise((resolve, reject) => {
      const request = { key, resolve, reject }
      const requests = this.#waiting.get(metadata)
      if (requests) requests.push(request)
      else this.#waiting.set(metadata, [request])
    })
  }

  /**
   * Reads a row before a change. PostgreSQL waits for the lock holder. If that transaction deleted and re-inserted the row, only
   * a second statement sees the new version.
   */
  async readBeforeChange(metadata: EntityMetadata, key: ObjectLiteral): Promise<RowFiles | undefined> {
    const row = await this.read(metadata, key)
    return row || familyOf(this.#dataSource) !== 'postgres' ? row : await this.read(metadata, key)
  }

  /** The rows that have the same values as one of the sources in these columns. */
  async readSame(
    metadata: EntityMetadata,
    keys: KeyColumns,
    sources: readonly ObjectLiteral[],
  ): Promise<RowFiles[]> {
    const rows: RowFiles[] = []
    for (let start = 0; start < sources.length; start += ROWS_AT_ONCE) {
      const some = sources.slice(start, start + ROWS_AT_ONCE)
      const [where, parameters] = whereSame(this.#dataSource, keys, some)
      rows.push(...(await this.#rows(metadata, [selectRows(this.#dataSource, metadata, where), parameters])))
    }
    return rows
  }

  /** The rows that the criteria of an update or delete name. */
  readAffected(metadata: EntityMetadata, builder: WriteBuilder): Promise<RowFiles[]> {
    return this.#rows(metadata, selectAffected(this.#dataSource, metadata, builder))
  }

  /** Every row of the entity's table. */
  readAll(metadata: EntityMetadata): Promise<RowFiles[]> {
    return this.#rows(metadata, [selectRows(this.#dataSource, metadata, ''), []])
  }

  /** True where some row holds this text in the column. */
  async holdsText({ column }: FileColumn, text: unknown): Promise<boolean> {
    return (await this.query([selectText(this.#dataSource, column), [text]])).length > 0
  }

  /** Runs a statement when those before it are done. */
  query([sql, parameters]: Statement): Promise<Record<string, unknown>[]> {
    const running = this.#last.then(
      () => this.#queryRunner.query(sql, [...parameters]) as Promise<Record<string, unknown>[]>,
    )
    this.#last = running.catch(() => undefined)
    return running
  }

  /** Resolves when no statement is under way. */
  async idle(): Promise<void> {
    await this.#last
  }

  async #rows(metadata: EntityMetadata, statement: Statement): Promise<RowFiles[]> {
    return (await this.query(statement)).map((row) => toRowFiles(this.#dataSource, metadata, row))
  }

  #readWaiting(): void {
    const waiting = this.#waiting
    this.#waiting = new Map()
    for (const [metadata, requests] of waiting) {
      for (let start = 0; start < requests.length; start += ROWS_AT_ONCE) {
        void this.#answer(metadata, requests.slice(start, start + ROWS_AT_ONCE))
      }
    }
  }

  async #answer(metadata: EntityMetadata, requests: readonly Request[]): Promise<void> {
    try {
      const rows = await this.#readKeys(
        metadata,
        requests.map(({ key }) => key),
      )
      if (requests.length === 1) {
        // A single row is the requested one, however the driver writes its key.
        requests[0]?.resolve(rows[0])
        return
      }
      const byKey = new Map(rows.map((row) => [keyOf(metadata, row.key), row]))
      for (const { key, resolve } of requests) {
        resolve(byKey.get(keyOf(metadata, key)) ?? (await this.#readAlone(metadata, key, rows, requests)))
      }
    } catch (error) {
      for (const { reject } of requests) reject(error)
    }
  }

  /** A row that was not found by its key among others: a database may see keys as equal that look different. */
  async #readAlone(
    metadata: EntityMetadata,
    key: ObjectLiteral,
    rows: readonly RowFiles[],
    requests: readonly Request[],
  ): Promise<RowFiles | undefined> {
    if (rows.length === 0) return undefined
    const asked = new Set(requests.map((request) => keyOf(metadata, request.key)))
    if (rows.every((row) => asked.has(keyOf(metadata, row.key)))) return undefined
    return (await this.#readKeys(metadata, [key]))[0]
  }

  #readKeys(metadata: EntityMetadata, keys: readonly ObjectLiteral[]): Promise<RowFiles[]> {
    return this.readSame(metadata, { columns: metadata.primaryColumns }, keys)
  }
}
