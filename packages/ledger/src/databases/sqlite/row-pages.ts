import { pageOf, selected } from '../row-page.ts'
import type { SweepDatabase } from '../sweep-database.ts'
import { quote, readTable } from './followed-table.ts'

export const readPage: SweepDatabase['readPage'] = async (session, wanted, { after, limit }) => {
  const { table, columns, key } = await readTable(session, wanted)
  const infos = await session.query(
    "SELECT name FROM pragma_table_info(?, 'main') WHERE pk > 0 ORDER BY pk",
    [table],
  )
  const named = infos.map(({ name }) => String(name))
  const by = key.map((name) => `r.${name}`)
  const values = columns.map((column) => `r.${quote(column)}`)
  const given = values.map((value) => `${value} IS NOT NULL`).join(' OR ')
  const shown = named.length > 0 ? named.map(quote) : key
  const parts = { v: values, p: by.map(literalOf), k: shown.map((name) => exact(`r.${name}`)) }
  // What the database has made of the values of the last row, and so nothing else than values.
  const later = after ? ` AND (${by.join(', ')}) > (${after.map(String).join(', ')})` : ''
  const rows = await session.query(
    `SELECT ${selected(parts)} FROM main.${quote(table)} r WHERE (${given})${later} ORDER BY ${by.join(', ')} LIMIT ${limit}`,
  )
  const names = named.length > 0 ? named : key
  return pageOf(rows, { columns: wanted.columns, position: by.length, key: names }, limit)
}

/**
 * A value as it stands in a statement, since a driver rounds large numbers. `quote()` cuts a text at a zero character. The plus
 * takes away the type of the text, by which SQLite would compare numbers as texts.
 */
function literalOf(column: string): string {
  return `CASE typeof(${column}) WHEN 'text' THEN '+CAST(x''' || hex(${column}) || ''' AS TEXT)' ELSE quote(${column}) END`
}

/** A number that JavaScript cannot hold is a text. */
function exact(column: string): string {
  const most = Number.MAX_SAFE_INTEGER
  return `CASE WHEN typeof(${column}) = 'integer' AND ${column} NOT BETWEEN -${most} AND ${most} THEN CAST(${column} AS TEXT) ELSE ${column} END`
}
