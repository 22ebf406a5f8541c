import type { LedgerSession } from '../../clients/ledger-client.ts'
import { pageOf, selected } from '../row-page.ts'
import type { SweepDatabase } from '../sweep-database.ts'
import { quote, readTable } from './followed-table.ts'

const INTEGERS = new Set(['tinyint', 'smallint', 'mediumint', 'int', 'bigint', 'year'])
const AS_THEY_ARE = /char|text|binary|blob|enum|set|uuid/

/** Positions are text or bytes: what a driver makes of a time or a large number may be another value. */
export const readPage: SweepDatabase['readPage'] = async (session, wanted, { after, limit }) => {
  const { table, columns, key } = await readTable(session, wanted)
  const types = await typesOf(session, table)
  const by = key.map((name) => `r.${quote(name)}`)
  const texts = key.map((name) =>
    AS_THEY_ARE.test(types.get(name) ?? '') ? `r.${quote(name)}` : `CAST(r.${quote(name)} AS CHAR)`,
  )
  const values = columns.map((column) => `r.${quote(column)}`)
  const given = values.map((value) => `${value} IS NOT NULL`).join(' OR ')
  const isInteger = areIntegers(types, key)
  const { condition, parameters } = after && key.length > 0 ? later(by, after, isInteger) : NONE
  const order = key.length > 0 ? `ORDER BY ${by.join(', ')}` : ''
  // Without a key, rows can only be counted off.
  const offset = key.length === 0 && after ? Number(after[0]) : 0
  const rows = await session.query(
    `SELECT ${selected({ v: values, p: texts, k: texts })} FROM ${quote(table)} r
      WHERE (${given})${condition} ${order} LIMIT ${limit}${offset > 0 ? ` OFFSET ${offset}` : ''}`,
    parameters,
  )
  const page = pageOf(rows, { columns: wanted.columns, position: key.length, key }, limit)
  return key.length === 0 && page.next ? { ...page, next: [offset + rows.length] } : page
}

const NONE: { condition: string; parameters: unknown[] } = { condition: '', parameters: [] }

/** Written out, as the optimizer does not use an index for a comparison of rows. */
function later(by: readonly string[], after: readonly unknown[], isInteger: readonly boolean[]) {
  const { value, parameters } = positionValues(after, isInteger)
  const steps = by.map((column, index) => {
    const equal = by.slice(0, index).map((before, at) => `${before} = ${value(at)} AND `)
    return `(${equal.join('')}${column} > ${value(index)})`
  })
  const first = by.length > 1 ? `${by[0]} >= ${value(0)} AND ` : ''
  // The parameters are in the order of their places only if this one comes last.
  const condition =
    first === '' ? ` AND ${steps.join('')}` : ` AND (${steps.join(' OR ')}) AND ${first.slice(0, -5)}`
  return { condition, parameters }
}

/** True for the row at a position; for all rows of a table without a key. */
export function equalTo(
  by: readonly string[],
  position: readonly unknown[],
  isInteger: readonly boolean[],
): { condition: string; parameters: unknown[] } {
  const { value, parameters } = positionValues(position, isInteger)
  const condition = by.map((column, index) => `${column} = ${value(index)}`).join(' AND ') || 'TRUE'
  return { condition, parameters }
}

/** Which columns of the key are whole numbers. */
export async function integersIn(
  session: LedgerSession,
  table: string,
  key: readonly string[],
): Promise<boolean[]> {
  return areIntegers(await typesOf(session, table), key)
}

function areIntegers(types: ReadonlyMap<string, string>, key: readonly string[]): boolean[] {
  return key.map((name) => INTEGERS.has(types.get(name) ?? ''))
}

/** What stands in a statement for the parts of a position, and the parameters that this needs so far. */
function positionValues(position: readonly unknown[], isInteger: readonly boolean[]) {
  const parameters: unknown[] = []
  const value = (index: number): string => {
    // As text, a large number would be compared as a floating-point one.
    if (isInteger[index] === true && /^-?\d+$/.test(String(position[index]))) return String(position[index])
    parameters.push(position[index])
    return '?'
  }
  return { value, parameters }
}

async function typesOf(session: LedgerSession, table: string): Promise<Map<string, string>> {
  const rows = await session.query(
    'SELECT COLUMN_NAME AS name, DATA_TYPE AS type FROM information_schema.COLUMNS WHERE TABLE_SCHEMA = DATABASE() AND TABLE_NAME = ?',
    [table],
  )
  return new Map(rows.map(({ name, type }) => [String(name), String(type)]))
}
