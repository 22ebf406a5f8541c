import type { EntityMetadata, ObjectLiteral, QueryRunner } from 'typeorm'
import { dataSourceOf, familyOf, type ColumnMetadata } from '../../typeorm-internals.ts'
import type { Overwritten } from './overwritten-rows.ts'
import { readerOf } from './row-reader.ts'
import { pathsIn, type RowFiles } from './row-files.ts'
import { escapeTable, whereSame } from './select-rows.ts'

type Key = readonly ColumnMetadata[]

/** The rows that an upsert is about to overwrite. */
export interface ConflictingRows {
  readonly rows: readonly RowFiles[]
  /**
   * Called after the statement: true if it overwrote a row that another transaction inserted before it.
   *
   * @param affected how many rows the database says that it has touched
   * @param overwritten how many of them were there before, if {@link noteOverwritten} says it
   */
  haveOthersWritten(affected: unknown, overwritten: Overwritten | undefined): Promise<boolean>
}

/** Reads the rows that have the values of one that is to be written in a unique key. */
export async function readConflictingRows(
  { metadata, queryRunner }: { metadata: EntityMetadata; queryRunner: QueryRunner },
  values: readonly ObjectLiteral[],
  conflict: unknown,
): Promise<ConflictingRows> {
  const dataSource = dataSourceOf(queryRunner)
  const named = Array.isArray(conflict)
    ? [metadata.columns.filter(({ databaseName }) => conflict.includes(databaseName))]
    : []
  // MySQL and MariaDB overwrite whatever unique key it is, and not only the one that was named.
  const isMysql = familyOf(dataSource) === 'mysql'
  const any = named.length === 0 || isMysql
  const keys = any ? [...named, ...uniqueKeysOf(metadata)] : named

  const rows: RowFiles[] = []
  const free: [Key, ObjectLiteral][] = []
  /** The values that overwrite a row which we know, or one that another of them has just inserted. */
  const overwriting = new Set<ObjectLiteral>()
  for (const columns of keys) {
    const seen = new Set<string>()
    for (const value of values) {
      const parts = columns.map((column): unknown => column.getEntityValue(value) ?? null)
      if (parts.includes(null)) continue
      const found = await readerOf(queryRunner).readSame(metadata, { columns }, [value])
      rows.push(...found)
      if (found.length === 0) free.push([columns, value])
      // Most of MySQL's collations do not tell upper case from lower.
      const text = JSON.stringify(parts).toLowerCase()
      if (found.length > 0 || seen.has(text)) overwriting.add(value)
      seen.add(text)
    }
  }

  const haveOthersWritten: ConflictingRows['haveOthersWritten'] = async (affected, overwritten) => {
    // MySQL and MariaDB count a row that was inserted once, and one that was overwritten twice.
    if (isMysql) return typeof affected === 'number' && affected > values.length + overwriting.size
    if (!XMAX.has(dataSource.options.type)) return false
    if (overwritten) {
      // With `skipUpdateIfNoValuesChanged`, rows are left out that are as they should be.
      const skipped = values.length - overwritten.touched
      return overwritten.count > overwriting.size - skipped
    }
    for (const [columns, value] of free) {
      if (await isOverwritten(queryRunner, metadata, columns, value)) return true
    }
    return false
  }
  return { rows: rows.filter((row) => pathsIn(row).length > 0), haveOthersWritten }
}

/**
 * Databases in which another can put a row into a free key between our look and our INSERT. So can they in MySQL and
 * MariaDB at READ COMMITTED; else InnoDB locks the gap. On SQLite a second writer fails.
 */
const XMAX = new Set<string>(['postgres', 'aurora-postgres'])

/**
 * The same for partitioned tables, asked after the statement. It takes a new row for an old one that a foreign key has
 * locked since: one that another row of the same statement, or a trigger, refers to.
 */
async function isOverwritten(
  queryRunner: QueryRunner,
  metadata: EntityMetadata,
  columns: Key,
  value: ObjectLiteral,
): Promise<boolean> {
  const dataSource = dataSourceOf(queryRunner)
  const [where, parameters] = whereSame(dataSource, { columns }, [value])
  const sql = `SELECT xmax::text AS locker FROM ${escapeTable(dataSource, metadata)} WHERE ${where}`
  const [row] = await readerOf(queryRunner).query([sql, parameters])
  return row !== undefined && row.locker !== '0'
}

function uniqueKeysOf(metadata: EntityMetadata): Key[] {
  const indices = metadata.indices.filter(({ isUnique }) => isUnique)
  return [metadata.primaryColumns, ...[...metadata.uniques, ...indices].map(({ columns }) => columns)]
}
