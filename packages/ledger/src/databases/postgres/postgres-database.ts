import type { LedgerSession } from '../../clients/ledger-client.ts'
import { countedIn } from '../counted-in.ts'
import type { LedgerDatabase } from '../database.ts'
import { bury, knownOf } from './bury.ts'
import { changeTriggers } from './change-triggers.ts'
import {
  correctTimes,
  deleted,
  discardedNames,
  failed,
  forget,
  renameDiscarded,
  stats,
  takeDue,
  unreadable,
  usedAfter,
  waiting,
} from './deletions.ts'
import { foundTriggers } from './found-triggers.ts'
import { moveDatabase } from './move.ts'
import { namesIn, quote } from './names.ts'
import { reconcile } from './reconcile.ts'
import { sweepDatabase } from './sweep.ts'
import { createTables, dropTables } from './tables.ts'
import { expectedTriggers } from './triggers.ts'
import { warnings } from './warnings.ts'

/** A number of our own among the advisory locks of the database. */
const LOCK = 4_173_665_001

/** The functions of triggers, by the names that these give them. */
const FUNCTIONS = `SELECT p.oid::regprocedure::text AS run FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace
  WHERE n.nspname = $1 AND p.proname ~ '^filedepot_[0-9a-f]{12}_[idut]$'`

/** @param schema where the ledger is */
export function postgresDatabase(schema = 'public'): LedgerDatabase {
  const names = namesIn(schema)
  const isThere = async (session: LedgerSession, table: string) =>
    (await session.query('SELECT to_regclass($1) IS NOT NULL AS there', [`${quote(schema)}.${table}`]))[0]
      ?.there === true
  return {
    hasTables: async (session) =>
      (await isThere(session, 'filedepot_files')) && isThere(session, 'filedepot_state'),
    async createTables(session) {
      await session.query('BEGIN')
      for (const statement of createTables(names)) await session.query(statement)
      await session.query('COMMIT')
    },
    async dropTables(session) {
      for (const statement of dropTables(names)) await session.query(statement)
      // Those of tables that were dropped are still there.
      for (const { run } of await session.query(FUNCTIONS, [schema]))
        await session.query(`DROP FUNCTION ${String(run)}`)
    },
    expectedTriggers: (session, columns) => expectedTriggers(names, session, columns),
    foundTriggers: (session) => foundTriggers(names, session),
    changeTriggers,
    async alone(session, action) {
      const [answer] = await session.query('SELECT pg_try_advisory_lock($1) AS taken', [LOCK])
      if (answer?.taken !== true) return undefined
      const result = await action()
      // A session that fails is closed, and its lock goes with it.
      await session.query('SELECT pg_advisory_unlock($1)', [LOCK])
      return result
    },
    reconcile: (session, columns) => reconcile(names, session, columns),
    counted: async (session) =>
      countedIn(await session.query(`SELECT value FROM ${names.state} WHERE name = 'ready'`)),
    async setCounted(session, triggers) {
      if (!triggers) await session.query(`DELETE FROM ${names.state} WHERE name = 'ready'`)
      else
        await session.query(
          `INSERT INTO ${names.state} (name, value) VALUES ('ready', $1) ON CONFLICT (name) DO UPDATE SET value = excluded.value`,
          [JSON.stringify(triggers)],
        )
    },
    takeDue: (session, options) => takeDue(names, session, options),
    discardedNames: (session) => discardedNames(names, session),
    renameDiscarded: (session, options) => renameDiscarded(names, session, options),
    knownOf: (session, paths) => knownOf(names, session, paths),
    bury: (session, paths, lease) => bury(names, session, paths, lease),
    deleted: (session, taken) => deleted(names, session, taken),
    failed: (session, failures) => failed(names, session, failures),
    forget: (session, limit) => forget(names, session, limit),
    unreadable: (session) => unreadable(names, session),
    usedAfter: (session, after) => usedAfter(names, session, after),
    waiting: (session) => waiting(names, session),
    correctTimes: (session) => correctTimes(names, session),
    warnings,
    stats: (session) => stats(names, session),
    ...sweepDatabase(names),
    ...moveDatabase(names),
  }
}
