import type { ColumnValues, MoveDatabase, TableColumn } from '../move-database.ts'
import type { LedgerSession } from '../../clients/ledger-client.ts'
import { nameOf, readTable } from './followed-table.ts'
import { quote, type PostgresNames } from './names.ts'
import { positionOf } from './row-pages.ts'

const FROM_NOW = 'now() + make_interval(secs => $2::float8 / 1000)'

export function moveDatabase({ files }: PostgresNames): MoveDatabase {
  return {
    async reserve(session, paths, ms) {
      await session.query(
        `INSERT INTO ${files} AS f (path, refs, discarded_at, retry_at)
          SELECT p, 0, now(), ${FROM_NOW} FROM unnest($1::text[]) p ORDER BY p
          ON CONFLICT (path) DO UPDATE SET retry_at = excluded.retry_at WHERE f.discarded_at IS NOT NULL AND NOT f.gone`,
        [paths, ms],
      )
    },
    async hold(session, paths, ms) {
      await session.query(
        `UPDATE ${files} SET retry_at = ${FROM_NOW} WHERE path = ANY($1::text[]) AND NOT gone`,
        [paths, ms],
      )
    },
    columnValues,
  }
}

async function columnValues(
  session: LedgerSession,
  { column, ...wanted }: TableColumn,
): Promise<ColumnValues> {
  const table = await readTable(session, { ...wanted, columns: [column] })
  const name = nameOf(table)
  const known = await positionOf(session, name)
  const from = `${table.isPartitioned ? '' : 'ONLY '}${name}`
  const type = table.columns[0]?.type ?? 'text'
  const value = `r.${quote(column)}`
  // JSON has no equality, but keeps its text.
  const isBefore =
    type === 'jsonb' ? `${value} = $2::text::jsonb` : `${value}::text COLLATE "C" = $2::text COLLATE "C"`
  // Without a key, a row is told by its value only.
  const isRow = (first: number) => {
    const { by, types } = known ?? { by: [], types: [] }
    const given = types.map((type, index) => `$${first + index}::text::${type}`)
    return known
      ? `(${by.join(', ')}) = (${given.join(', ')})`
      : `(r.tableoid, r.ctid) = (SELECT r.tableoid, r.ctid FROM ${from} r WHERE ${isBefore} LIMIT 1)`
  }
  return {
    async read(session, position) {
      if (!known) return undefined
      const [row] = await session.query(
        `SELECT ${value}::text AS value FROM ${from} r WHERE ${isRow(1)}`,
        position,
      )
      return typeof row?.value === 'string' ? row.value : undefined
    },
    async replace(session, position, { before, after }) {
      const rows = await session.query(
        `UPDATE ${from} r SET ${quote(column)} = $1::text${type === 'text' ? '' : `::${type}`}
          WHERE ${isRow(3)} AND ${isBefore} RETURNING 1 AS moved`,
        [after, before, ...(known ? position : [])],
      )
      return rows.length > 0
    },
  }
}
