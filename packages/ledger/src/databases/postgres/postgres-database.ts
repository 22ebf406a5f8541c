import type { LedgerSession } from '../../clients/ledger-client.ts'
import type { LedgerDatabase } from '../database.ts'
import { deleted, failed, forget, stats, takeDue } from './deletions.ts'
import { namesIn, quote } from './names.ts'
import { reconcile } from './reconcile.ts'
import { sweepDatabase } from './sweep.ts'
import { createTables, dropTables } from './tables.ts'
import { changeTriggers, expectedTriggers, foundTriggers } from './triggers.ts'
import { bury, knownOf } from './bury.ts'

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
    isReady: async (session) =>
      (await session.query(`SELECT 1 FROM ${names.state} WHERE name = 'ready'`)).length > 0,
    async setReady(session, ready) {
      await session.query(
        ready
          ? `INSERT INTO ${names.state} (name, value) VALUES ('ready', '1') ON CONFLICT (name) DO NOTHING`
          : `DELETE FROM ${names.state} WHERE name = 'ready'`,
      )
    },
    takeDue: (session, options) => takeDue(names, session, options),
    knownOf: (session, paths) => knownOf(names, session, paths),
    bury: (session, paths, lease) => bury(names, session, paths, lease),
    deleted: (session, paths) => deleted(names, session, paths),
    failed: (session, failures) => failed(names, session, failures),
    forget: (session, limit) => forget(names, session, limit),
    unreadable: async (session) =>
      Number(
        (await session.query(`SELECT refs FROM ${names.files} WHERE path = '!unreadable'`))[0]?.refs ?? 0,
      ),
    stats: (session) => stats(names, session),
    ...sweepDatabase(names),
  }
}
