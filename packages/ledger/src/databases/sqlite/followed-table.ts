import { FiledepotError } from '@filedepot/core'
import type { LedgerSession } from '../../clients/ledger-client.ts'
import {
  byTable,
  mergeTables,
  noSuchColumn,
  noSuchTable,
  type LedgerColumn,
  type TableColumns,
} from '../../ledger-column.ts'

/** A table whose files the ledger follows, as the catalog knows it. */
export interface FollowedTable {
  readonly table: string
  readonly columns: readonly string[]
  /** The columns that tell rows apart. */
  readonly key: readonly string[]
}

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
  return mergeTables(tables, ({ table }) => table)
}

/** @throws FiledepotError `INVALID_ARGUMENT` */
export async function readTable(session: LedgerSession, wanted: TableColumns): Promise<FollowedTable> {
  const [found] = await session.query(
    "SELECT name, wr FROM pragma_table_list WHERE schema = 'main' AND type = 'table' AND name = ? COLLATE NOCASE",
    [wanted.table],
  )
  if (!found) throw noSuchTable(wanted)
  const table = String(found.name)
  const infos = await session.query("SELECT name, pk FROM pragma_table_info(?, 'main') ORDER BY pk", [table])
  const columns = wanted.columns.map((column) => {
    const info = infos.find(({ name }) => String(name).toLowerCase() === column.toLowerCase())
    if (!info) throw noSuchColumn(wanted, column)
    return String(info.name)
  })
  const primary = infos.filter(({ pk }) => Number(pk) > 0).map(({ name }) => quote(String(name)))
  if (Number(found.wr) === 1) return { table, columns, key: primary }
  const taken = new Set(infos.map(({ name }) => String(name).toLowerCase()))
  const rowid = ROWID.find((name) => !taken.has(name))
  if (rowid === undefined) throw hidesRowid(table)
  return { table, columns, key: [rowid] }
}

/** The names of the number that each row has. A column may have one of them. */
const ROWID = ['_rowid_', 'rowid', 'oid']

function hidesRowid(table: string): FiledepotError {
  return new FiledepotError(
    'INVALID_ARGUMENT',
    `expected the table "${table}" to leave a name for the rowid, got columns named ${ROWID.join(', ')}: rename one of them`,
  )
}

/** A name as it stands in a statement. */
export function quote(name: string): string {
  return `"${name.replaceAll('"', '""')}"`
}

/** True if a value is as we write it: one object with `files`, of which the first one is its own. */
export function isPlain(value: string): string {
  return `json_valid(${value}) AND ${value} ->> '$.files[0]' = (${value} ->> '$.storage') || '/' || (${value} ->> '$.id')
      AND ${value} ->> '$.depot_name' IS NULL`
}

/** A UUID is the same in upper case, and then has one count, as well. */
function oneSpelling(path: string): string {
  const id = `substr(${path}, -36)`
  return `CASE WHEN ${path} LIKE '%/________-____-____-____-____________' AND ${id} NOT GLOB '*[^0-9A-Fa-f-]*'
      THEN substr(${path}, 1, length(${path}) - 36) || lower(${id}) ELSE ${path} END`
}

/** The distinct paths of such a value, as a query with the column `p`. */
export function plainPaths(value: string): string {
  return `SELECT DISTINCT ${oneSpelling('value')} AS p FROM json_each(${value}, '$.files') WHERE type = 'text'`
}

/**
 * The paths of a value or an array of values, as a query with the column `p`: `storage/id`, or what Python's DEPOT writes, and
 * `files`.
 *
 * @param from what stands before the objects of the value, such as the table with a comma
 * @param keys what tells its rows apart
 */
export function anyPaths(value: string, { from = '', keys = [] as readonly string[] } = {}): string {
  const named = keys.map((key, index) => `${key} AS k${index}, `).join('')
  const names = keys.map((_, index) => `k${index}, `).join('')
  const objects = `json_each(CASE WHEN ${value} = '' THEN '[]' WHEN NOT json_valid(${value}) THEN '[{"files":["!unreadable"]}]'
      WHEN json_type(${value}) = 'array' THEN ${value} ELSE '[' || ${value} || ']' END) o`
  return `SELECT DISTINCT ${names}${oneSpelling('q')} AS p FROM (
    SELECT ${named}f.value AS q FROM ${from}${objects}, json_each(o.value, '$.files') f WHERE o.type = 'object' AND f.type = 'text'
    UNION ALL SELECT ${named}CASE WHEN o.value ->> 'depot_name' IS NULL THEN (o.value ->> 'storage') || '/' || (o.value ->> 'id')
        ELSE coalesce(o.value ->> 'path', (o.value ->> 'depot_name') || '/' || (o.value ->> 'file_id')) END
      FROM ${from}${objects} WHERE o.type = 'object')`
}

/** What follows an INSERT of deltas. */
export const ADD = `ON CONFLICT (path) DO UPDATE SET refs = refs + excluded.refs, discarded_at = CASE WHEN gone THEN discarded_at
      WHEN refs + excluded.refs = 0 THEN CAST(unixepoch('subsec') * 1000 AS INTEGER) END`
