import type { LedgerSession } from '../../clients/ledger-client.ts'
import {
  byTable,
  mergeTables,
  noSuchColumn,
  noSuchTable,
  type LedgerColumn,
  type TableColumns,
} from '../../ledger-column.ts'
import { quote, type PostgresNames } from './names.ts'

/** A table whose files the ledger follows, as the catalog knows it. */
export interface FollowedTable {
  readonly schema: string
  readonly table: string
  readonly columns: readonly FollowedColumn[]
  /** Statement triggers miss rows of partitions and of tables that inherit. */
  readonly needsRowTriggers: boolean
  readonly isPartitioned: boolean
  readonly owner: string
  /** A trigger of the user may change a column that the statement does not name. */
  readonly hasBeforeUpdate: boolean
}

export interface FollowedColumn {
  readonly name: string
  readonly type: 'text' | 'json' | 'jsonb'
}

/** The `search_path` without the schema of temporary tables, of which one may have the same name. */
const TABLE = `SELECT n.nspname AS schema, c.relname AS table, c.oid::int8::text AS oid, c.relkind = 'p' AS partitioned,
    pg_get_userbyid(c.relowner) AS owner,
    EXISTS (SELECT 1 FROM pg_inherits i WHERE i.inhparent = c.oid OR i.inhrelid = c.oid) AS inherits,
    EXISTS (SELECT 1 FROM pg_trigger t WHERE t.tgrelid = c.oid AND NOT t.tgisinternal AND t.tgtype & 2 = 2 AND t.tgtype & 16 = 16) AS before_update
  FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
    JOIN unnest(CASE WHEN $2::name IS NULL THEN current_schemas(false) ELSE ARRAY[$2::name] END) WITH ORDINALITY s (name, place) ON s.name = n.nspname
  WHERE c.relname = $1 AND c.relkind IN ('r', 'p') AND c.relpersistence <> 't' ORDER BY s.place LIMIT 1`

const COLUMNS = `SELECT attname AS name, format_type(atttypid, NULL) AS type FROM pg_attribute
  WHERE attrelid = $1::oid AND attnum > 0 AND NOT attisdropped`

/**
 * Each table once, also if it was named in several ways.
 *
 * @throws FiledepotError `INVALID_ARGUMENT`
 */
export async function readTables(
  session: LedgerSession,
  columns: readonly LedgerColumn[],
): Promise<FollowedTable[]> {
  const tables: FollowedTable[] = []
  for (const wanted of byTable(columns)) tables.push(await readTable(session, wanted))
  return mergeTables(tables, nameOf)
}

/** @throws FiledepotError `INVALID_ARGUMENT` */
export async function readTable(session: LedgerSession, wanted: TableColumns): Promise<FollowedTable> {
  const { schema, table, columns } = wanted
  const [found] = await session.query(TABLE, [table, schema ?? null])
  if (!found) throw noSuchTable(wanted)
  const types = new Map<string, string>()
  for (const row of await session.query(COLUMNS, [found.oid])) types.set(String(row.name), String(row.type))
  return {
    schema: String(found.schema),
    table: String(found.table),
    owner: String(found.owner),
    needsRowTriggers: found.partitioned === true || found.inherits === true,
    isPartitioned: found.partitioned === true,
    hasBeforeUpdate: found.before_update === true,
    columns: columns.map((column) => {
      const type = types.get(column)
      if (type === undefined) throw noSuchColumn(wanted, column)
      return { name: column, type: type === 'json' || type === 'jsonb' ? type : 'text' }
    }),
  }
}

/** The table as it stands in a statement. */
export function nameOf({ schema, table }: FollowedTable): string {
  return `${quote(schema)}.${quote(table)}`
}

/** The paths of a column of a row, as an array. */
function pathsOf({ json, paths }: PostgresNames, row: string, { name, type }: FollowedColumn): string {
  const value = `${row}.${quote(name)}`
  if (type === 'jsonb') return `${paths}(${value})`
  return `${paths}(${json}(${value}::text))`
}

/** What each row of a table refers to, as a query with the columns `p` and `d`. */
export function deltasOf(
  names: PostgresNames,
  table: FollowedTable,
  { from, row, sign }: { from: string; row: string; sign: 1 | -1 },
): string {
  return table.columns
    .map((column) => {
      const given = from === '' ? '' : ` FROM ${from} WHERE ${row}.${quote(column.name)} IS NOT NULL`
      return `SELECT unnest(${pathsOf(names, row, column)}) p, ${sign} d${given}`
    })
    .join(' UNION ALL ')
}
