import type { LedgerSession } from '../../clients/ledger-client.ts'
import type { FoundTrigger } from '../database.ts'
import { markerIn } from '../marker.ts'
import { quote, type PostgresNames } from './names.ts'

/**
 * True if the table was made as a partition: then a column that is inherited stands in the catalog as it was written together
 * with the hidden columns. ATTACH PARTITION writes each of them anew.
 */
const IS_BORN = `EXISTS (SELECT 1 FROM pg_attribute a JOIN pg_attribute h ON h.attrelid = a.attrelid AND h.attnum = -1
    WHERE a.attrelid = t.tgrelid AND a.attnum > 0 AND a.attinhcount > 0 AND a.xmin = h.xmin AND a.cmin = h.cmin)`

const FOUND = `SELECT t.oid::int8::text || '.' || t.xmin::text AS id, t.tgname AS name, n.nspname AS schema, c.relname AS table, t.tgenabled IN ('O', 'A') AS enabled,
    obj_description(t.oid, 'pg_trigger') AS comment, p.oid::regprocedure::text AS run, t.tgparentid <> 0 AS of_partition,
    t.tgparentid <> 0 AND ${IS_BORN} AS born
  FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid JOIN pg_namespace n ON n.oid = c.relnamespace
    JOIN pg_proc p ON p.oid = t.tgfoid JOIN pg_namespace f ON f.oid = p.pronamespace
  WHERE t.tgname IN ('filedepot_i', 'filedepot_d', 'filedepot_u', 'filedepot_t') AND NOT t.tgisinternal AND f.nspname = $1
  ORDER BY 3, 4, 2`

/**
 * Those of partitions, too, each of which may be disabled by itself. One that was disabled and enabled again is another one: the
 * catalog has a new version of it, and rows were written meanwhile that it has not seen.
 */
export async function foundTriggers(
  { schema }: PostgresNames,
  session: LedgerSession,
): Promise<FoundTrigger[]> {
  const rows = await session.query(FOUND, [schema])
  return rows.map((row) => {
    const [name, within, table] = [String(row.name), String(row.schema), String(row.table)]
    const on = `${quote(within)}.${quote(table)}`
    const enable = [`ALTER TABLE ${on} ENABLE TRIGGER ${quote(name)}`]
    return {
      name,
      table: `${within}.${table}`,
      on,
      id: String(row.id),
      partition: row.of_partition === true ? { isBorn: row.born === true, enable } : undefined,
      marker: markerIn(row.comment),
      isEnabled: row.enabled === true,
      drop: [`DROP TRIGGER IF EXISTS ${quote(name)} ON ${on}`, `DROP FUNCTION IF EXISTS ${String(row.run)}`],
    }
  })
}
