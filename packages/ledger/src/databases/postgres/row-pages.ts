import type { LedgerSession } from '../../clients/ledger-client.ts'
import { pageOf, selected } from '../row-page.ts'
import type { SweepDatabase } from '../sweep-database.ts'
import { nameOf, readTable } from './followed-table.ts'
import { quote } from './names.ts'

const KEY = `SELECT a.attname AS name, format_type(a.atttypid, a.atttypmod) AS type FROM pg_index i
  JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = ANY(i.indkey)
  WHERE i.indisprimary AND i.indrelid = to_regclass($1) ORDER BY array_position(i.indkey::int2[], a.attnum)`

/** What rows go by: expressions, and their types. */
export interface Position {
  readonly by: readonly string[]
  readonly types: readonly string[]
  readonly names: readonly string[]
}

/** Positions are text: what a driver makes of a time or a large number may be another value. */
export const readPage: SweepDatabase['readPage'] = async (session, wanted, { after, limit }) => {
  const table = await readTable(session, wanted)
  const { by, types, names } = await positionOf(session, nameOf(table), table.isPartitioned)
  const values = table.columns.map(({ name }) => `r.${quote(name)}::text`)
  const columns = table.columns.map(({ name }) => name)
  const given = columns.map((name) => `r.${quote(name)} IS NOT NULL`).join(' OR ')
  const later = `(${by.join(', ')}) > (${types.map((type, index) => `$${index + 1}::text::${type}`).join(', ')})`
  const texts = by.map((expression) => `${expression}::text`)
  const rows = await session.query(
    `SELECT ${selected({ v: values, p: texts, k: texts })} FROM ${table.isPartitioned ? '' : 'ONLY '}${nameOf(table)} r
      WHERE (${given})${after ? ` AND ${later}` : ''} ORDER BY ${by.join(', ')} LIMIT ${limit}`,
    after,
  )
  return pageOf(rows, { columns, position: by.length, key: names }, limit)
}

export async function positionOf(
  session: LedgerSession,
  table: string,
  isPartitioned: boolean,
): Promise<Position> {
  const key = await session.query(KEY, [table])
  if (key.length > 0) {
    const names = key.map(({ name }) => String(name))
    return { names, by: names.map((name) => `r.${quote(name)}`), types: key.map(({ type }) => String(type)) }
  }
  if (!isPartitioned) return { names: ['ctid'], by: ['r.ctid'], types: ['tid'] }
  return { names: ['tableoid', 'ctid'], by: ['r.tableoid', 'r.ctid'], types: ['oid', 'tid'] }
}
