import type { LedgerSession } from '../../clients/ledger-client.ts'
import { countedIn } from '../counted-in.ts'
import type { LedgerDatabase } from '../database.ts'
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
import { moveDatabase } from './move.ts'
import { reconcile } from './reconcile.ts'
import { sweepDatabase } from './sweep.ts'
import { changeTriggers, expectedTriggers, foundTriggers } from './triggers.ts'
import { bury, knownOf } from './bury.ts'
import { warnings } from './warnings.ts'

/** Connections on which an action runs that has temporary tables. */
const busy = new WeakSet<LedgerSession>()

/** The tables are in the main database. */
export function sqliteDatabase(): LedgerDatabase {
  return {
    hasTables: async (session) =>
      (
        await session.query(
          "SELECT 1 FROM main.sqlite_master WHERE type = 'table' AND name IN ('filedepot_files', 'filedepot_state')",
        )
      ).length === 2,
    async createTables(session) {
      for (const statement of TABLES) await session.query(statement)
    },
    async dropTables(session) {
      await session.query('DROP TABLE IF EXISTS main.filedepot_files')
      await session.query('DROP TABLE IF EXISTS main.filedepot_state')
    },
    expectedTriggers,
    foundTriggers,
    changeTriggers,
    // Other processes take turns by themselves, as each step is a transaction of the one writer.
    async alone(session, action) {
      if (busy.has(session)) return undefined
      busy.add(session)
      try {
        return await action()
      } finally {
        busy.delete(session)
      }
    },
    reconcile,
    counted: async (session) =>
      countedIn(await session.query("SELECT value FROM main.filedepot_state WHERE name = 'ready'")),
    async setCounted(session, triggers) {
      if (!triggers) await session.query("DELETE FROM main.filedepot_state WHERE name = 'ready'")
      else
        await session.query(
          "INSERT INTO main.filedepot_state (name, value) VALUES ('ready', ?) ON CONFLICT (name) DO UPDATE SET value = excluded.value",
          [JSON.stringify(triggers)],
        )
    },
    takeDue,
    discardedNames,
    renameDiscarded,
    knownOf,
    bury,
    deleted,
    failed,
    forget,
    unreadable,
    usedAfter,
    waiting,
    correctTimes,
    warnings,
    stats,
    ...sweepDatabase(),
    ...moveDatabase(),
  }
}

/** Plain indexes: the schema engine of Prisma cannot read a partial one on SQLite. */
const TABLES = [
  `CREATE TABLE IF NOT EXISTS main.filedepot_files (path TEXT NOT NULL PRIMARY KEY, refs INTEGER NOT NULL, discarded_at INTEGER,
    gone INTEGER NOT NULL DEFAULT 0, attempts INTEGER NOT NULL DEFAULT 0, retry_at INTEGER, last_error TEXT,
    CONSTRAINT filedepot_gone CHECK (NOT gone OR refs <= 0)) WITHOUT ROWID`,
  'CREATE INDEX IF NOT EXISTS main.filedepot_due ON filedepot_files (discarded_at)',
  'CREATE INDEX IF NOT EXISTS main.filedepot_forget ON filedepot_files (retry_at)',
  'CREATE TABLE IF NOT EXISTS main.filedepot_state (name TEXT NOT NULL PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID',
]
