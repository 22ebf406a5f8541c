import type { LedgerSession } from '../../clients/ledger-client.ts'
import type { LedgerColumn } from '../../ledger-column.ts'
import type { FoundTrigger, Trigger, TriggerChanges } from '../database.ts'
import { hashOf, markerIn, markerOf } from '../marker.ts'
import { ADD, anyPaths, isPlain, plainPaths, quote, readTables } from './followed-table.ts'

/** One change of a row, of which each kind of value has a trigger of its own: a short one for what we write. */
interface Part {
  readonly suffix: string
  readonly event: string
  readonly row: 'NEW' | 'OLD'
  /** A condition with AND at its end, or nothing. */
  readonly when: string
}

export async function expectedTriggers(
  session: LedgerSession,
  columns: readonly LedgerColumn[],
): Promise<Trigger[]> {
  const triggers: Trigger[] = []
  for (const { table, columns: names } of await readTables(session, columns))
    for (const column of names) triggers.push(...triggersOf(table, column))
  return triggers
}

function triggersOf(table: string, column: string): Trigger[] {
  const name = quote(column)
  const update = `AFTER UPDATE OF ${name}`
  const isChanged = `OLD.${name} IS NOT NEW.${name} AND `
  const parts: Part[] = [
    { suffix: 'i', event: 'AFTER INSERT', row: 'NEW', when: '' },
    { suffix: 'un', event: update, row: 'NEW', when: isChanged },
    { suffix: 'uo', event: update, row: 'OLD', when: isChanged },
    { suffix: 'd', event: 'AFTER DELETE', row: 'OLD', when: '' },
  ]
  return parts.flatMap((part) => {
    const value = `${part.row}.${name}`
    return [
      triggerOf(table, column, part, { general: '', when: isPlain(value), paths: plainPaths(value) }),
      triggerOf(table, column, part, {
        general: 'x',
        when: `${value} IS NOT NULL AND (${isPlain(value)}) IS NOT TRUE`,
        paths: anyPaths(value),
      }),
    ]
  })
}

function triggerOf(
  table: string,
  column: string,
  { suffix, event, row, when: before }: Part,
  { general, when, paths }: { general: string; when: string; paths: string },
): Trigger {
  const name = `filedepot_${table}_${column}_${hashOf(table, column).slice(0, 6)}_${suffix}${general}`
  const head = `CREATE TRIGGER main.${quote(name)} ${event} ON ${quote(table)} WHEN ${before}${when} BEGIN`
  // Without WHERE, SQLite takes ON CONFLICT for the condition of a join.
  const body = `INSERT INTO filedepot_files (path, refs) SELECT p, ${row === 'NEW' ? 1 : -1} FROM (${paths})
    WHERE p IS NOT NULL ${ADD}; END`
  const marker = markerOf([head, body])
  const create = [`DROP TRIGGER IF EXISTS main.${quote(name)}`, `${head} /* ${marker} */ ${body}`]
  return { name, table, on: `main.${quote(table)}`, marker, create }
}

export async function foundTriggers(session: LedgerSession): Promise<FoundTrigger[]> {
  const rows = await session.query(
    "SELECT name, tbl_name, sql FROM main.sqlite_master WHERE type = 'trigger' AND name LIKE 'filedepot\\_%' ESCAPE '\\' ORDER BY name",
  )
  return rows.map((row) => ({
    name: String(row.name),
    table: String(row.tbl_name),
    on: `main.${quote(String(row.tbl_name))}`,
    id: '',
    marker: markerIn(row.sql),
    isEnabled: true,
    drop: [`DROP TRIGGER IF EXISTS main.${quote(String(row.name))}`],
  }))
}

export async function changeTriggers(
  session: LedgerSession,
  { create, drop }: TriggerChanges,
): Promise<void> {
  const statements = [
    ...drop.flatMap((trigger) => trigger.drop),
    ...create.flatMap((trigger) => trigger.create),
  ]
  await session.query(['BEGIN IMMEDIATE', ...statements, 'COMMIT'].join(';\n'))
}
