import { setTimeout } from 'node:timers/promises'
import type { LedgerSession } from '../../clients/ledger-client.ts'
import { hasDatabaseCode } from '../../clients/database-code.ts'
import type { TriggerChanges } from '../database.ts'
import { tablesHeld } from '../tables-held.ts'

/**
 * How long an installation waits for the writers of a table, in milliseconds; those that come meanwhile wait behind it.
 * Shorter than `deadlock_timeout`, so that an installation and a writer that wait for each other do not fail the writer.
 */
const LOCK_TIMEOUT = 500
/** Milliseconds between two tries. */
const PAUSE = 250

/** lock_not_available, deadlock_detected */
const HELD = ['55P03', '40P01']

/** All of them or none. The tables are locked before, so that no writer is left that goes uncounted. */
export async function changeTriggers(session: LedgerSession, changes: TriggerChanges): Promise<void> {
  const tables = [...new Set([...changes.create, ...changes.drop].map(({ on }) => on))].sort()
  if (tables.length === 0) return
  const deadline = Date.now() + changes.timeout
  for (;;) {
    try {
      await tryOnce(session, tables, changes)
      return
    } catch (cause) {
      if (!hasDatabaseCode(cause, HELD)) throw cause
      // Not the whole transaction: a client whose session is one keeps its lock, and what it has done before.
      await session.query('ROLLBACK TO SAVEPOINT filedepot_triggers')
      await session.query('COMMIT')
      if (Date.now() >= deadline) throw tablesHeld(tables, changes, cause)
      await setTimeout(PAUSE * (0.5 + Math.random()))
    }
  }
}

async function tryOnce(
  session: LedgerSession,
  tables: readonly string[],
  { create, drop }: TriggerChanges,
): Promise<void> {
  await session.query('BEGIN')
  await session.query('SAVEPOINT filedepot_triggers')
  await session.query(`SET LOCAL lock_timeout = ${LOCK_TIMEOUT}`)
  // To remove a trigger takes the strongest lock; to get it later could end in a deadlock.
  const mode = drop.length > 0 ? 'ACCESS EXCLUSIVE' : 'SHARE ROW EXCLUSIVE'
  await session.query(`LOCK TABLE ${tables.join(', ')} IN ${mode} MODE`)
  for (const { drop: statements } of drop) for (const statement of statements) await session.query(statement)
  for (const trigger of create) for (const statement of trigger.create) await session.query(statement)
  await session.query('SET LOCAL lock_timeout = DEFAULT')
  await session.query('COMMIT')
}
