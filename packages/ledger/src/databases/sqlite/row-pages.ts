import { pageOf, selected } from '../row-page.ts'
import type { SweepDatabase } from '../sweep-database.ts'
import { quote, readTable } from './followed-table.ts'

export const readPage: SweepDatabase['readPage'] = async (session, wanted, { after, limit }) => {
  const { table, columns, key } = await readTable(session, wanted)
  const infos = await session.query('SELECT name FROM pragma_table_info(?) WHERE pk > 0 ORDER BY pk', [table])
  const named = infos.map(({ name }) => String(name))
  const names = named.length > 0 ? named : ['_rowid_']
  const isRowid = key[0] === '_rowid_'
  const by = key.map((name) => `r.${name}`)
  const values = columns.map((column) => `r.${quote(column)}`)
  const given = values.map((value) => `${value} IS NOT NULL`).join(' OR ')
  // As text, since a driver may round a large number.
  const positions = isRowid ? ['CAST(r._rowid_ AS TEXT)'] : by
  const marks = positionMarks(key)
  const parts = {
    v: values,
    p: positions,
    k: names.map((name) => (name === '_rowid_' ? 'r._rowid_' : `r.${quote(name)}`)),
  }
  const rows = await session.query(
    `SELECT ${selected(parts)} FROM main.${quote(table)} r
      WHERE (${given})${after ? ` AND (${by.join(', ')}) > (${marks})` : ''} ORDER BY ${by.join(', ')} LIMIT ${limit}`,
    after ?? [],
  )
  return pageOf(rows, { columns: wanted.columns, position: by.length, key: names }, limit)
}

/** What stands in a statement for the position of a row. A row number comes as text. */
export function positionMarks(key: readonly string[]): string {
  return key[0] === '_rowid_' ? 'CAST(? AS INTEGER)' : key.map(() => '?').join(', ')
}
