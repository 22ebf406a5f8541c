import { quote, type FollowedTable } from './followed-table.ts'

/** Paths are compared byte by byte, and longer ones than the ledger holds fail the statement. */
const TEXT = 'varchar(1000) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin'

/** What follows an INSERT of deltas. The assignments are made from left to right, so `refs` comes last. */
export const ADD = `ON DUPLICATE KEY UPDATE discarded_at = CASE WHEN gone THEN discarded_at
      WHEN refs + VALUES(refs) = 0 THEN UTC_TIMESTAMP(6) END, refs = refs + VALUES(refs)`

/** The variables that {@link addPaths} needs. */
export const VARIABLES = `DECLARE n int; DECLARE a, b, o ${TEXT}; DECLARE v longtext CHARACTER SET utf8mb4;`

/** A regular expression, whatever `sql_mode` makes of a backslash. */
function pattern(expression: RegExp): string {
  return `_utf8mb4 x'${Buffer.from(expression.source).toString('hex')}'`
}

/** Halves of surrogate pairs are JSON for JavaScript, and not here; they are taken out, with the escaped backslashes before. */
function readable(value: string): string {
  const half = pattern(/(?<!\\)(?:\\\\)*\\u[dD][89a-fA-F][0-9a-fA-F]{2}/)
  return `IF(JSON_VALID(${value}), ${value}, REGEXP_REPLACE(${value}, ${half}, '?'))`
}

/** A UUID is the same in upper case, and then has one count, as well. */
function oneSpelling(path: string): string {
  const uuid = pattern(/\/[0-9A-Fa-f]{8}(-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}$/)
  return `IF(RIGHT(${path}, 36) <> LOWER(RIGHT(${path}, 36)) AND ${path} REGEXP ${uuid},
        CONCAT(LEFT(${path}, CHAR_LENGTH(${path}) - 36), LOWER(RIGHT(${path}, 36))), ${path})`
}

/**
 * The objects of a value or an array of values, and the paths that each of them means: tables, and an expression. Each row of
 * `files` is there twice, once for the file of the value itself.
 */
function objectsOf(value: string): { table: string; path: string } {
  const column = (name: string, path: string) => `${name} ${TEXT} PATH '${path}'`
  return {
    table: `JSON_TABLE(CASE WHEN ${value} = '' THEN '[]' WHEN NOT JSON_VALID(${value}) THEN '[{"files":["!unreadable"]}]'
        WHEN JSON_TYPE(${value}) = 'ARRAY' THEN ${value} ELSE CONCAT('[', ${value}, ']') END, '$[*]' COLUMNS (
        ${column('s', '$.storage')}, ${column('i', '$.id')}, ${column('dn', '$.depot_name')}, ${column('fi', '$.file_id')},
        ${column('p', '$.path')}, NESTED PATH '$.files[*]' COLUMNS (${column('f', '$')}))) j,
        (SELECT 0 AS own UNION ALL SELECT 1) k`,
    path: "IF(k.own = 0, j.f, IF(j.dn IS NULL, CONCAT(j.s, '/', j.i), COALESCE(j.p, CONCAT(j.dn, '/', j.fi))))",
  }
}

/** True for a path, and for the one that stands for what cannot be read. */
const IS_PATH = "(y.p LIKE '%_/_%' OR y.p = '!unreadable')"

/** Each path once for each row, as a query with the column `p`. */
export function pathsOf({ table, key }: FollowedTable, column: string): string {
  const name = quote(column)
  // Without a key, the rows are numbered: two may be the same.
  const keys = key.length > 0 ? key.map(quote) : ['ROW_NUMBER() OVER ()']
  const named = keys.map((one, index) => `${one} AS k${index}, `).join('')
  const keysOf = (row: string) => keys.map((_, index) => `${row}.k${index}, `).join('')
  const rows = `SELECT ${named}${readable(name)} AS v FROM ${quote(table)} WHERE ${name} IS NOT NULL`
  const { table: objects, path } = objectsOf('r.v')
  return `SELECT y.p FROM (SELECT DISTINCT ${keysOf('x')}${oneSpelling('x.p')} AS p FROM (
      SELECT ${keysOf('r')}${path} AS p FROM (${rows}) r, ${objects}) x) y WHERE ${IS_PATH}`
}

/**
 * Statements of a trigger that count the paths of a value. One and two files with the value's own at first, as nearly every
 * value has them, are read without JSON_TABLE, which makes a temporary table for each row.
 */
export function addPaths(value: string, sign: 1 | -1): string {
  const { table, path } = objectsOf('v')
  const slot = (index: number) => `JSON_VALUE(${value}, '$.files[${index}]')`
  const member = (name: string) => `JSON_VALUE(${value}, '$.${name}')`
  const insert = 'INSERT INTO filedepot_files (path, refs)'
  return `IF ${value} IS NOT NULL THEN
      SET n = IF(JSON_VALID(${value}), COALESCE(JSON_LENGTH(${value}, '$.files'), 0), 0);
      SET a = IF(n IN (1, 2), ${slot(0)}, NULL), b = IF(n = 2, ${slot(1)}, NULL);
      SET o = IF(n IN (1, 2) AND ${member('depot_name')} IS NULL, CONCAT(${member('storage')}, '/', ${member('id')}), NULL);
      IF NOT (a <=> o) THEN SET n = 0; END IF;
      SET a = ${oneSpelling('a')}, b = ${oneSpelling('b')};
      IF n = 1 AND a LIKE '%_/_%' THEN ${insert} VALUES (a, ${sign}) ${ADD};
      ELSEIF n = 2 AND a LIKE '%_/_%' AND b LIKE '%_/_%' AND a <> b THEN
        ${insert} VALUES (LEAST(a, b), ${sign}), (GREATEST(a, b), ${sign}) ${ADD};
      ELSE SET v = ${readable(value)};
        ${insert} SELECT y.p, ${sign} FROM (SELECT DISTINCT ${oneSpelling('x.p')} AS p FROM (
          SELECT ${path} AS p FROM ${table}) x) y WHERE ${IS_PATH} ORDER BY 1 ${ADD};
      END IF;
    END IF;`
}
