import type { LedgerSession } from '../../clients/ledger-client.ts'
import type { ColumnValues, MoveDatabase, TableColumn } from '../move-database.ts'
import { quote, readTable } from './followed-table.ts'

/** Milliseconds since 1970. */
const NOW = "CAST(unixepoch('subsec') * 1000 AS INTEGER)"

export function moveDatabase(): MoveDatabase {
  return {
    async reserve(session, paths, ms) {
      await session.query(
        `INSERT INTO main.filedepot_files (path, refs, discarded_at, retry_at)
          SELECT value, 0, ${NOW}, ${NOW} + ? FROM json_each(?) WHERE true
          ON CONFLICT (path) DO UPDATE SET retry_at = excluded.retry_at WHERE discarded_at IS NOT NULL AND NOT gone`,
        [ms, JSON.stringify(paths)],
      )
    },
    async hold(session, paths, ms) {
      await session.query(
        `UPDATE main.filedepot_files SET retry_at = ${NOW} + ? WHERE path IN (SELECT value FROM json_each(?)) AND NOT gone`,
        [ms, JSON.stringify(paths)],
      )
    },
    columnValues,
  }
}

async function columnValues(
  session: LedgerSession,
  { column, ...wanted }: TableColumn,
): Promise<ColumnValues> {
  const { table, columns, key } = await readTable(session, { ...wanted, columns: [column] })
  const [name, from] = [quote(columns[0] ?? column), `main.${quote(table)}`]
  // A position is made of values as they stand in a statement.
  const isRow = (position: readonly unknown[]) => `(${key.join(', ')}) = (${position.map(String).join(', ')})`
  return {
    async read(session, position) {
      const [row] = await session.query(
        `SELECT CAST(${name} AS TEXT) AS value FROM ${from} WHERE ${isRow(position)}`,
      )
      return typeof row?.value === 'string' ? row.value : undefined
    },
    async replace(session, position, { before, after }) {
      const rows = await session.query(
        `UPDATE ${from} SET ${name} = ? WHERE ${isRow(position)} AND CAST(${name} AS TEXT) COLLATE BINARY = ? RETURNING 1 AS moved`,
        [after, before],
      )
      return rows.length > 0
    },
  }
}
