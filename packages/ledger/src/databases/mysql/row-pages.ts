import type { LedgerSession } from '../../clients/ledger-client.ts'
import { pageOf, selected, WITHOUT_KEY } from '../row-page.ts'
import type { SweepDatabase } from '../sweep-database.ts'
import { quote, readTable, type FollowedTable } from './followed-table.ts'

/** How a column of the key goes from one page to the next. */
export interface KeyColumn {
  readonly name: string
  /** What rows are ordered by. The index has the same order. */
  readonly column: string
  /** What is compared, in the same order. */
  readonly by: string
  /** What the next page is told: text or bytes, as a driver makes another value of a time or a large number. */
  readonly position: string
  /** True for a number, which stands in the statement: as text, a large one is compared as a floating-point number. */
  readonly isNumber: boolean
}

/** Rows of a table whose key is not known to order them go by the hash of their values, ten times as many at once. */
export const readPage: SweepDatabase['readPage'] = async (session, wanted, { after, limit }) => {
  const followed = await readTable(session, wanted)
  const { table, columns } = followed
  const values = columns.map((column) => `r.${quote(column)}`)
  const given = values.map((value) => `${value} IS NOT NULL`).join(' OR ')
  const keys = (await keyOf(session, followed)) ?? [hashOf(values)]
  const most = keys[0]?.name === WITHOUT_KEY ? limit * 10 : limit
  const { condition, parameters } = after ? later(keys, after) : { condition: '', parameters: [] }
  const shown = keys.map(({ name, column, position, isNumber }) =>
    isNumber && name !== WITHOUT_KEY ? `CAST(${column} AS CHAR)` : position,
  )
  const rows = await session.query(
    `SELECT ${selected({ v: values, p: keys.map(({ position }) => position), k: shown })} FROM ${quote(table)} r
      WHERE (${given})${condition} ORDER BY ${keys.map(({ column }) => column).join(', ')} LIMIT ${most}`,
    parameters,
  )
  return pageOf(
    rows,
    { columns: wanted.columns, position: keys.length, key: keys.map(({ name }) => name) },
    most,
  )
}

const NUMBERS = /^(tinyint|smallint|mediumint|int|bigint|year|decimal)$/
/** Rows are ordered by what is behind the texts. */
const CODES = /^(enum|set|bit)$/
const AS_THEY_ARE = /^(char|varchar|(tiny|medium|long)?text|binary|varbinary|(tiny|medium|long)?blob|uuid)$/
const TIMES = /^(date|time|datetime)$/

/** `undefined` if there is none, or if it may order rows in another way than it compares them. */
function keyColumns(
  names: readonly string[],
  types: ReadonlyMap<string, string>,
): readonly KeyColumn[] | undefined {
  const keys = names.flatMap((name) => {
    const column = `r.${quote(name)}`
    const type = types.get(name) ?? ''
    const number = (by: string) => [
      { name, column, by, position: `CAST(${by} AS CHAR)`, isNumber: true } satisfies KeyColumn,
    ]
    if (NUMBERS.test(type)) return number(column)
    if (CODES.test(type)) return number(`CAST(${column} AS UNSIGNED)`)
    // The hour that comes twice in autumn is the same text.
    if (type === 'timestamp') return number(`UNIX_TIMESTAMP(${column})`)
    if (AS_THEY_ARE.test(type)) return [{ name, column, by: column, position: column, isNumber: false }]
    if (TIMES.test(type))
      return [{ name, column, by: column, position: `CAST(${column} AS CHAR)`, isNumber: false }]
    return []
  })
  return keys.length > 0 && keys.length === names.length ? keys : undefined
}

function hashOf(values: readonly string[]): KeyColumn {
  const hash = `CONCAT(${values.map((value) => `SHA2(COALESCE(${value}, ''), 256)`).join(', ')})`
  return { name: WITHOUT_KEY, column: hash, by: hash, position: hash, isNumber: false }
}

/** The columns of the key of a table, by which a row is found again; `undefined` if there are none to go by. */
export async function keyOf(
  session: LedgerSession,
  { table, key }: FollowedTable,
): Promise<readonly KeyColumn[] | undefined> {
  return keyColumns(key, await typesOf(session, table))
}

/** True for the row at a position. */
export function equalTo(
  keys: readonly KeyColumn[],
  position: readonly unknown[],
): { condition: string; parameters: unknown[] } {
  const { value, parameters } = positionValues(keys, position)
  return { condition: keys.map(({ by }, index) => `${by} = ${value(index)}`).join(' AND '), parameters }
}

/** What stands in a statement for the parts of a position, and the parameters that this needs so far. */
function positionValues(keys: readonly KeyColumn[], position: readonly unknown[]) {
  const parameters: unknown[] = []
  const value = (index: number): string => {
    if (keys[index]?.isNumber === true && /^-?\d+(\.\d+)?$/.test(String(position[index])))
      return String(position[index])
    parameters.push(position[index])
    return '?'
  }
  return { value, parameters }
}

/** Written out, as the optimizer does not use an index for a comparison of rows. */
function later(keys: readonly KeyColumn[], after: readonly unknown[]) {
  const { value, parameters } = positionValues(keys, after)
  const steps = keys.map(({ by }, index) => {
    const equal = keys.slice(0, index).map((before, at) => `${before.by} = ${value(at)} AND `)
    return `(${equal.join('')}${by} > ${value(index)})`
  })
  // The parameters are in the order of their places only if this one comes last.
  const first = keys.length > 1 ? ` AND ${keys[0]?.by ?? ''} >= ${value(0)}` : ''
  return { condition: ` AND (${steps.join(' OR ')})${first}`, parameters }
}

async function typesOf(session: LedgerSession, table: string): Promise<Map<string, string>> {
  const rows = await session.query(
    'SELECT COLUMN_NAME AS name, DATA_TYPE AS type FROM information_schema.COLUMNS WHERE TABLE_SCHEMA = DATABASE() AND TABLE_NAME = ?',
    [table],
  )
  return new Map(rows.map(({ name, type }) => [String(name), String(type).toLowerCase()]))
}
