import type { LedgerSession } from '../../clients/ledger-client.ts'
import { pageOf, selected, WITHOUT_KEY } from '../row-page.ts'
import type { SweepDatabase } from '../sweep-database.ts'
import { nameOf, readTable } from './followed-table.ts'
import { quote } from './names.ts'

/** The primary key, or other columns that tell rows apart: those of a unique index without NULL. */
const KEY = `SELECT a.attname AS name, format_type(a.atttypid, a.atttypmod) AS type FROM (
    SELECT u.indrelid, (u.indkey::int2[])[0:u.indnkeyatts - 1] AS columns FROM pg_index u
      WHERE u.indrelid = to_regclass($1) AND u.indisunique AND u.indisvalid AND u.indpred IS NULL AND u.indexprs IS NULL
        AND NOT EXISTS (SELECT 1 FROM pg_attribute n WHERE n.attrelid = u.indrelid AND n.attnum = ANY(u.indkey) AND NOT n.attnotnull)
      ORDER BY u.indisprimary DESC, u.indexrelid LIMIT 1
  ) i JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = ANY(i.columns) ORDER BY array_position(i.columns, a.attnum)`

/** What rows go by: expressions, and their types. */
export interface Position {
  readonly by: readonly string[]
  readonly types: readonly string[]
  readonly names: readonly string[]
}

/** Positions are text: what a driver makes of a time or a large number may be another value. */
export const readPage: SweepDatabase['readPage'] = async (session, wanted, { after, limit }) => {
  const table = await readTable(session, wanted)
  const values = table.columns.map(({ name }) => `r.${quote(name)}::text`)
  const columns = table.columns.map(({ name }) => name)
  const { by, types, names } = (await positionOf(session, nameOf(table))) ?? hashesOf(values)
  const most = names[0] === WITHOUT_KEY ? limit * 10 : limit
  const given = columns.map((name) => `r.${quote(name)} IS NOT NULL`).join(' OR ')
  const later = `(${by.join(', ')}) > (${types.map((type, index) => `$${index + 1}::text::${type}`).join(', ')})`
  const texts = by.map((expression) => `${expression}::text`)
  const rows = await session.query(
    `SELECT ${selected({ v: values, p: texts, k: texts })} FROM ${table.isPartitioned ? '' : 'ONLY '}${nameOf(table)} r
      WHERE (${given})${after ? ` AND ${later}` : ''} ORDER BY ${by.join(', ')} LIMIT ${most}`,
    after,
  )
  return pageOf(rows, { columns, position: by.length, key: names }, most)
}

/** `undefined` if nothing tells the rows apart for as long as they are there. */
export async function positionOf(session: LedgerSession, table: string): Promise<Position | undefined> {
  const key = await session.query(KEY, [table])
  if (key.length === 0) return undefined
  const names = key.map(({ name }) => String(name))
  return { names, by: names.map((name) => `r.${quote(name)}`), types: key.map(({ type }) => String(type)) }
}

/** By its place in the table, a row that is updated meanwhile would move to another page. */
function hashesOf(values: readonly string[]): Position {
  const hashes = values.map((value) => `encode(sha256(convert_to(coalesce(${value}, ''), 'UTF8')), 'hex')`)
  return { names: [WITHOUT_KEY], by: [`(${hashes.join(' || ')}) COLLATE "C"`], types: ['text'] }
}
