import type { LedgerSession } from '../../clients/ledger-client.ts'
import type { ColumnValues, MoveDatabase, TableColumn } from '../move-database.ts'
import { quote, readTable } from './followed-table.ts'
import { equalTo, keyOf } from './row-pages.ts'

const NOW = 'UTC_TIMESTAMP(6)'
const FROM_NOW = `${NOW} + INTERVAL (?) * 1000 MICROSECOND`

export function moveDatabase(): MoveDatabase {
  return {
    async reserve(session, paths, ms) {
      if (paths.length === 0) return
      const values = paths.map(() => `(?, 0, ${NOW}, ${FROM_NOW})`)
      await session.query(
        `INSERT INTO filedepot_files (path, refs, discarded_at, retry_at) VALUES ${values.join(', ')}
          ON DUPLICATE KEY UPDATE retry_at = IF(discarded_at IS NOT NULL AND NOT gone, VALUES(retry_at), retry_at)`,
        [...paths].sort().flatMap((path) => [path, ms]),
      )
    },
    async hold(session, paths, ms) {
      if (paths.length === 0) return
      await session.query(
        `UPDATE filedepot_files SET retry_at = ${FROM_NOW} WHERE path IN (?) AND NOT gone`,
        [ms, paths],
      )
    },
    columnValues,
  }
}

async function columnValues(
  session: LedgerSession,
  { column, ...wanted }: TableColumn,
): Promise<ColumnValues> {
  const followed = await readTable(session, { ...wanted, columns: [column] })
  const { table, columns } = followed
  const keys = await keyOf(session, followed)
  const [name, from] = [quote(columns[0] ?? column), quote(table)]
  const text = `CONVERT(${name} USING utf8mb4)`
  // Without a key, a row is told by its value only.
  const isRow = (position: readonly unknown[]) =>
    keys ? equalTo(keys, position) : { condition: 'TRUE', parameters: [] }
  return {
    async read(session, position) {
      if (!keys) return undefined
      const { condition, parameters } = isRow(position)
      const [row] = await session.query(
        `SELECT ${text} AS value FROM ${from} r WHERE ${condition}`,
        parameters,
      )
      return typeof row?.value === 'string' ? row.value : undefined
    },
    async replace(session, position, { before, after }) {
      const { condition, parameters } = isRow(position)
      await session.query(
        `UPDATE ${from} r SET ${name} = ? WHERE ${condition} AND ${text} COLLATE utf8mb4_bin = ? LIMIT 1`,
        [after, ...parameters, before],
      )
      const [row] = await session.query('SELECT ROW_COUNT() AS moved')
      return Number(row?.moved) > 0
    },
  }
}
