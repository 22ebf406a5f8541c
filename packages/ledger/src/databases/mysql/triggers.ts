import { setTimeout } from 'node:timers/promises'
import { hasDatabaseCode } from '../../clients/database-code.ts'
import type { LedgerSession } from '../../clients/ledger-client.ts'
import type { LedgerColumn } from '../../ledger-column.ts'
import type { FoundTrigger, Trigger, TriggerChanges } from '../database.ts'
import { hashOf, markerIn, markerOf } from '../marker.ts'
import { tablesHeld } from '../tables-held.ts'
import { quote, readTables, type FollowedTable } from './followed-table.ts'
import { addPaths, VARIABLES } from './paths.ts'

/** Names end at 64 characters. */
const LONGEST_PREFIX = 36
/** How long one try waits for writers, in seconds; those that come meanwhile wait behind it. */
const LOCK_TIMEOUT = 1
/** ER_LOCK_WAIT_TIMEOUT */
const LOCK_WAIT_TIMEOUT = '1205'

export async function expectedTriggers(
  session: LedgerSession,
  columns: readonly LedgerColumn[],
): Promise<Trigger[]> {
  return (await readTables(session, columns)).flatMap(triggersOf)
}

function triggersOf({ table, columns }: FollowedTable): Trigger[] {
  const all = (row: 'NEW' | 'OLD') =>
    columns.map((column) => addPaths(`${row}.${quote(column)}`, row === 'NEW' ? 1 : -1)).join('\n')
  const changed = columns.map((column) => {
    const [before, after] = [`OLD.${quote(column)}`, `NEW.${quote(column)}`]
    // As bytes: the collation of the column may find "Default/x" and "default/x" equal.
    return `IF NOT (CAST(${before} AS BINARY) <=> CAST(${after} AS BINARY)) THEN
      ${addPaths(after, 1)} ${addPaths(before, -1)} END IF;`
  })
  return [
    triggerOf(table, { suffix: 'i', event: 'AFTER INSERT', body: all('NEW') }),
    triggerOf(table, { suffix: 'u', event: 'AFTER UPDATE', body: changed.join('\n') }),
    triggerOf(table, { suffix: 'd', event: 'AFTER DELETE', body: all('OLD') }),
  ]
}

function triggerOf(
  table: string,
  { suffix, event, body }: { suffix: string; event: string; body: string },
): Trigger {
  const name = `filedepot_${table.slice(0, LONGEST_PREFIX)}_${hashOf(table).slice(0, 8)}_${suffix}`
  const head = `CREATE TRIGGER ${quote(name)} ${event} ON ${quote(table)} FOR EACH ROW BEGIN`
  const marker = markerOf([head, VARIABLES, body])
  const create = [`DROP TRIGGER IF EXISTS ${quote(name)}`, `${head} /* ${marker} */ ${VARIABLES} ${body} END`]
  return { name, table, on: quote(table), marker, create }
}

export async function foundTriggers(session: LedgerSession): Promise<FoundTrigger[]> {
  const rows = await session.query(
    `SELECT TRIGGER_NAME AS n, EVENT_OBJECT_TABLE AS t, ACTION_STATEMENT AS s, CAST(CREATED AS CHAR) AS made FROM information_schema.TRIGGERS
      WHERE TRIGGER_SCHEMA = DATABASE() AND TRIGGER_NAME LIKE 'filedepot\\_%' ORDER BY 1`,
  )
  return rows.map((row) => ({
    name: String(row.n),
    table: String(row.t),
    on: quote(String(row.t)),
    id: String(row.made),
    marker: markerIn(row.s),
    isEnabled: true,
    drop: [`DROP TRIGGER IF EXISTS ${quote(String(row.n))}`],
  }))
}

/**
 * The tables are locked before, as `CREATE TRIGGER` and a writer can wait for each other without the database seeing it;
 * and none is left that goes uncounted.
 */
export async function changeTriggers(session: LedgerSession, changes: TriggerChanges): Promise<void> {
  const { create, drop } = changes
  const tables = [...new Set([...create, ...drop].map(({ on }) => on))].sort()
  if (tables.length === 0) return
  await session.query(`SET SESSION lock_wait_timeout = ${LOCK_TIMEOUT}`)
  await lock(session, tables, changes)
  for (const { drop: statements } of drop) for (const statement of statements) await session.query(statement)
  for (const trigger of create) for (const statement of trigger.create) await session.query(statement)
  await session.query('UNLOCK TABLES')
  await session.query('SET SESSION lock_wait_timeout = DEFAULT')
}

async function lock(
  session: LedgerSession,
  tables: readonly string[],
  changes: TriggerChanges,
): Promise<void> {
  const deadline = Date.now() + changes.timeout
  const statement = `LOCK TABLES ${tables.map((table) => `${table} WRITE`).join(', ')}`
  for (;;) {
    try {
      await session.query(statement)
      return
    } catch (cause) {
      if (!hasDatabaseCode(cause, [LOCK_WAIT_TIMEOUT])) throw cause
      if (Date.now() >= deadline) throw tablesHeld(tables, changes, cause)
      await setTimeout(200)
    }
  }
}
