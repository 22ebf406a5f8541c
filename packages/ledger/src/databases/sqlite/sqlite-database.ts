import type { LedgerSession } from '../../clients/ledger-client.ts'
import type { LedgerDatabase } from '../database.ts'
import { RETRY_FIRST, RETRY_LONGEST, TOMBSTONE } from '../deletion-times.ts'
import { statsOf } from '../stats-of.ts'
import { reconcile } from './reconcile.ts'
import { sweepDatabase } from './sweep.ts'
import { changeTriggers, expectedTriggers, foundTriggers } from './triggers.ts'
import { bury, knownOf } from './bury.ts'

/** Milliseconds since 1970. */
const NOW = "CAST(unixepoch('subsec') * 1000 AS INTEGER)"

/** Connections on which an action runs that has temporary tables. */
const busy = new WeakSet<LedgerSession>()

/** The tables are in the main database. */
export function sqliteDatabase(): LedgerDatabase {
  return {
    hasTables: async (session) =>
      (
        await session.query(
          "SELECT 1 FROM sqlite_master WHERE type = 'table' AND name IN ('filedepot_files', 'filedepot_state')",
        )
      ).length === 2,
    async createTables(session) {
      for (const statement of TABLES) await session.query(statement)
    },
    async dropTables(session) {
      await session.query('DROP TABLE IF EXISTS filedepot_files')
      await session.query('DROP TABLE IF EXISTS filedepot_state')
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
    isReady: async (session) =>
      (await session.query("SELECT 1 FROM filedepot_state WHERE name = 'ready'")).length > 0,
    async setReady(session, ready) {
      await session.query(
        ready
          ? "INSERT OR IGNORE INTO filedepot_state (name, value) VALUES ('ready', '1')"
          : "DELETE FROM filedepot_state WHERE name = 'ready'",
      )
    },
    async takeDue(session, { retention, lease, limit }) {
      const rows = await session.query(
        `UPDATE filedepot_files SET gone = 1, attempts = attempts + 1, retry_at = ${NOW} + ?
          WHERE path IN (
            SELECT path FROM filedepot_files
            WHERE discarded_at <= ${NOW} - ? AND refs = 0 AND (retry_at IS NULL OR retry_at <= ${NOW}) AND path <> '!unreadable'
              AND EXISTS (SELECT 1 FROM filedepot_state WHERE name = 'ready')
            ORDER BY discarded_at LIMIT ?
          ) RETURNING path`,
        [lease, retention, limit],
      )
      return rows.map(({ path }) => String(path))
    },
    knownOf,
    bury,
    async deleted(session, paths) {
      await session.query(
        `UPDATE filedepot_files SET discarded_at = NULL, last_error = NULL, retry_at = ${NOW} + ?
          WHERE path IN (SELECT value FROM json_each(?)) AND gone`,
        [TOMBSTONE, JSON.stringify(paths)],
      )
    },
    async failed(session, failures) {
      await session.query(
        `UPDATE filedepot_files SET last_error = e.value ->> 'message',
            retry_at = ${NOW} + min(${RETRY_LONGEST}, ${RETRY_FIRST} * (1 << min(attempts - 1, 30)))
          FROM json_each(?) e WHERE filedepot_files.path = e.value ->> 'path' AND gone AND discarded_at IS NOT NULL`,
        [JSON.stringify(failures)],
      )
    },
    async forget(session, limit) {
      await session.query(
        `DELETE FROM filedepot_files WHERE path IN (
          SELECT path FROM filedepot_files WHERE retry_at <= ${NOW} AND gone AND discarded_at IS NULL LIMIT ?)`,
        [limit],
      )
    },
    unreadable: async (session) =>
      Number(
        (await session.query("SELECT refs FROM filedepot_files WHERE path = '!unreadable'"))[0]?.refs ?? 0,
      ),
    stats: readStats,
    ...sweepDatabase(),
  }
}

/** Plain indexes: the schema engine of Prisma cannot read a partial one on SQLite. */
const TABLES = [
  `CREATE TABLE IF NOT EXISTS filedepot_files (path TEXT NOT NULL PRIMARY KEY, refs INTEGER NOT NULL, discarded_at INTEGER,
    gone INTEGER NOT NULL DEFAULT 0, attempts INTEGER NOT NULL DEFAULT 0, retry_at INTEGER, last_error TEXT,
    CONSTRAINT filedepot_gone CHECK (NOT gone OR refs <= 0)) WITHOUT ROWID`,
  'CREATE INDEX IF NOT EXISTS filedepot_due ON filedepot_files (discarded_at)',
  'CREATE INDEX IF NOT EXISTS filedepot_forget ON filedepot_files (retry_at)',
  'CREATE TABLE IF NOT EXISTS filedepot_state (name TEXT NOT NULL PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID',
]

async function readStats(session: LedgerSession) {
  const [row] = await session.query(
    `SELECT count(*) FILTER (WHERE refs > 0 AND path <> '!unreadable') AS used,
      count(*) FILTER (WHERE discarded_at IS NOT NULL AND path <> '!unreadable') AS waiting,
      count(*) FILTER (WHERE discarded_at IS NOT NULL AND last_error IS NOT NULL) AS failing,
      coalesce(sum(refs) FILTER (WHERE path = '!unreadable'), 0) AS unreadable FROM filedepot_files`,
  )
  return statsOf(row)
}
