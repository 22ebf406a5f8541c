import type { LedgerSession } from '../../clients/ledger-client.ts'
import { noSuchColumn, noSuchTable, type TableColumns } from '../../ledger-column.ts'

/** A table whose files the ledger follows, as the catalog knows it. */
export interface FollowedTable {
  readonly table: string
  readonly columns: readonly string[]
  /** The columns that tell rows apart; none if the table has no primary key. */
  readonly key: readonly string[]
}

/** @throws FiledepotError `INVALID_ARGUMENT` */
export async function readTable(session: LedgerSession, wanted: TableColumns): Promise<FollowedTable> {
  const rows = await session.query(
    `SELECT TABLE_NAME AS t, COLUMN_NAME AS c, COLUMN_KEY AS k FROM information_schema.COLUMNS
      WHERE TABLE_SCHEMA = DATABASE() AND TABLE_NAME = ? ORDER BY ORDINAL_POSITION`,
    [wanted.table],
  )
  const [first] = rows
  if (!first) throw noSuchTable(wanted)
  const columns = wanted.columns.map((column) => {
    const row = rows.find(({ c }) => String(c).toLowerCase() === column.toLowerCase())
    if (!row) throw noSuchColumn(wanted, column)
    return String(row.c)
  })
  const key = rows.filter(({ k }) => k === 'PRI').map(({ c }) => String(c))
  return { table: String(first.t), columns, key }
}

/** A name as it stands in a statement. */
export function quote(name: string): string {
  return `\`${name.replaceAll('`', '``')}\``
}

/** Paths are compared byte by byte, and longer ones than the ledger holds fail the statement. */
const TEXT = 'varchar(1000) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin'

/** What follows an INSERT of deltas. The assignments are made from left to right, so `refs` comes last. */
export const ADD = `ON DUPLICATE KEY UPDATE discarded_at = CASE WHEN gone THEN discarded_at
      WHEN refs + VALUES(refs) = 0 THEN UTC_TIMESTAMP(6) END, refs = refs + VALUES(refs)`

/** The variables that {@link addPaths} needs. */
export const VARIABLES = `DECLARE n int; DECLARE a, b ${TEXT};`

/**
 * The objects of a value or an array of values, and the path that each of them means: as the table `j` and an expression.
 */
export function objectsOf(value: string): { table: string; path: string } {
  const column = (name: string, path: string) => `${name} ${TEXT} PATH '${path}'`
  return {
    table: `JSON_TABLE(CASE WHEN ${value} = '' THEN '[]' WHEN NOT JSON_VALID(${value}) THEN '[{"files":["!unreadable"]}]'
        WHEN JSON_TYPE(${value}) = 'ARRAY' THEN ${value} ELSE CONCAT('[', ${value}, ']') END, '$[*]' COLUMNS (
        ${column('s', '$.storage')}, ${column('i', '$.id')}, ${column('dn', '$.depot_name')}, ${column('fi', '$.file_id')},
        ${column('p', '$.path')}, NESTED PATH '$.files[*]' COLUMNS (${column('f', '$')}))) j`,
    path: "COALESCE(j.f, IF(j.dn IS NULL, CONCAT(j.s, '/', j.i), COALESCE(j.p, CONCAT(j.dn, '/', j.fi))))",
  }
}

/** True for a path, and for the one that stands for what cannot be read. */
export function isPath(expression: string): string {
  return `(${expression} LIKE '%_/_%' OR ${expression} = '!unreadable')`
}

/**
 * Statements of a trigger that count the paths of a value. One and two files, as nearly every value has, are read without
 * JSON_TABLE, which makes a temporary table for each row.
 */
export function addPaths(value: string, sign: 1 | -1): string {
  const { table, path } = objectsOf(value)
  const slot = (index: number) => `JSON_VALUE(${value}, '$.files[${index}]')`
  const insert = 'INSERT INTO filedepot_files (path, refs)'
  return `IF ${value} IS NOT NULL THEN
      SET n = IF(JSON_VALID(${value}), COALESCE(JSON_LENGTH(${value}, '$.files'), 0), 0);
      SET a = IF(n IN (1, 2), ${slot(0)}, NULL), b = IF(n = 2, ${slot(1)}, NULL);
      IF n = 1 AND a LIKE '%_/_%' THEN ${insert} VALUES (a, ${sign}) ${ADD};
      ELSEIF n = 2 AND a LIKE '%_/_%' AND b LIKE '%_/_%' AND a <> b THEN
        ${insert} VALUES (LEAST(a, b), ${sign}), (GREATEST(a, b), ${sign}) ${ADD};
      ELSE ${insert} SELECT y.p, ${sign} FROM (SELECT DISTINCT ${path} p FROM ${table}) y
        WHERE ${isPath('y.p')} ORDER BY 1 ${ADD};
      END IF;
    END IF;`
}
