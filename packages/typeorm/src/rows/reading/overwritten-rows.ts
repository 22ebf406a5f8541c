import type { EntityMetadata, QueryRunner } from 'typeorm'
import { type WriteBuilder, dataSourceOf, familyOf } from '../../typeorm-internals.ts'
import { readerOf } from './row-reader.ts'
import { escapeTable } from './select-rows.ts'

/** What an upsert has done, as its own answer says. */
export interface Overwritten {
  /** How many rows were inserted or overwritten. */
  readonly touched: number
  /** How many of them were there before. */
  readonly count: number
}

/**
 * Adds an expression to what the statement of a builder returns. The function that it returns tells afterwards whether the
 * statement would have returned nothing without it.
 */
export type AddToReturning = (builder: WriteBuilder, expression: string) => () => boolean

/** How the column is named in the answer. */
const NAME = 'filedepot_locker'

/** Whether a table is partitioned, which does not change. */
const partitioned = new WeakMap<EntityMetadata, Promise<boolean>>()

/**
 * Lets an upsert on PostgreSQL say how many rows it has overwritten. Returns what reads that from its result, and takes it
 * out; or `undefined` where the database cannot say it.
 *
 * PostgreSQL notes in `xmax` who has locked a version of a row. RETURNING sees it right after each row: it is 0 for a row
 * that was inserted, and not for one that was overwritten, as that had to be locked first. A SELECT after the statement
 * comes too late: foreign keys are checked at its end, and lock the rows that others refer to.
 */
export async function noteOverwritten(
  { builder, metadata }: { builder: WriteBuilder; metadata: EntityMetadata },
  queryRunner: QueryRunner,
  addToReturning: AddToReturning,
): Promise<((result: unknown) => Overwritten | undefined) | undefined> {
  const { type } = dataSourceOf(queryRunner).options
  if (type !== 'postgres' && type !== 'aurora-postgres') return undefined
  // Of those, RETURNING cannot give system columns.
  if (await isPartitioned(metadata, queryRunner)) return undefined
  const isOurs = addToReturning(builder, `xmax::text AS ${NAME}`)
  return (result) => {
    const { raw } = result as { raw?: unknown }
    if (!Array.isArray(raw)) return undefined
    const rows = raw as Record<string, unknown>[]
    const overwritten = { touched: rows.length, count: rows.filter((row) => row[NAME] !== '0').length }
    // The caller gets what it would get without us.
    if (isOurs()) rows.length = 0
    for (const row of rows) Reflect.deleteProperty(row, NAME)
    return overwritten
  }
}

function isPartitioned(metadata: EntityMetadata, queryRunner: QueryRunner): Promise<boolean> {
  let asked = partitioned.get(metadata)
  if (!asked) {
    asked = ask(metadata, queryRunner)
    partitioned.set(metadata, asked)
    asked.catch(() => partitioned.delete(metadata))
  }
  return asked
}

async function ask(metadata: EntityMetadata, queryRunner: QueryRunner): Promise<boolean> {
  const dataSource = dataSourceOf(queryRunner)
  if (familyOf(dataSource) !== 'postgres') return false
  const sql = 'SELECT relkind FROM pg_class WHERE oid = $1::regclass'
  const rows = await readerOf(queryRunner).query([sql, [escapeTable(dataSource, metadata)]])
  return rows[0]?.relkind === 'p'
}
