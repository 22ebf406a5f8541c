import type { LedgerSession } from '../../clients/ledger-client.ts'
import type { DueOptions, LedgerDatabase } from '../database.ts'
import { RETRY_FIRST, RETRY_LONGEST, TOMBSTONE } from '../deletion-times.ts'
import { statsOf } from '../stats-of.ts'
import { reconcile } from './reconcile.ts'
import { sweepDatabase } from './sweep.ts'
import { changeTriggers, expectedTriggers, foundTriggers } from './triggers.ts'
import { bury, knownOf } from './bury.ts'

/** Locks of names are those of the whole server. */
const LOCK = "CONCAT('filedepot_ledger.', LEFT(DATABASE(), 40))"

const NOW = 'UTC_TIMESTAMP(6)'
/** Milliseconds from now. */
const fromNow = (ms: string) => `${NOW} + INTERVAL (${ms}) * 1000 MICROSECOND`

export function mysqlDatabase(): LedgerDatabase {
  return {
    hasTables: async (session) =>
      (
        await session.query(
          `SELECT 1 FROM information_schema.TABLES WHERE TABLE_SCHEMA = DATABASE()
            AND TABLE_NAME IN ('filedepot_files', 'filedepot_state')`,
        )
      ).length === 2,
    async createTables(session) {
      for (const statement of TABLES) await session.query(statement)
    },
    async dropTables(session) {
      await session.query('DROP TABLE IF EXISTS filedepot_files, filedepot_state')
    },
    expectedTriggers,
    foundTriggers,
    changeTriggers,
    async alone(session, action) {
      const [answer] = await session.query(`SELECT GET_LOCK(${LOCK}, 0) AS taken`)
      if (Number(answer?.taken) !== 1) return undefined
      const result = await action()
      // A session that fails is closed, and its lock goes with it.
      await session.query(`SELECT RELEASE_LOCK(${LOCK})`)
      return result
    },
    reconcile,
    isReady: async (session) =>
      (await session.query("SELECT 1 FROM filedepot_state WHERE name = 'ready'")).length > 0,
    async setReady(session, ready) {
      await session.query(
        ready
          ? "INSERT IGNORE INTO filedepot_state (name, value) VALUES ('ready', '1')"
          : "DELETE FROM filedepot_state WHERE name = 'ready'",
      )
    },
    takeDue,
    knownOf,
    bury,
    async deleted(session, paths) {
      if (paths.length === 0) return
      await session.query(
        `UPDATE filedepot_files SET discarded_at = NULL, last_error = NULL, retry_at = ${fromNow('?')} WHERE path IN (?) AND gone`,
        [TOMBSTONE, paths],
      )
    },
    async failed(session, failures) {
      for (const { path, message } of failures) {
        await session.query(
          `UPDATE filedepot_files SET last_error = ?,
            retry_at = ${fromNow(`LEAST(${RETRY_LONGEST}, ${RETRY_FIRST} * POW(2, LEAST(attempts, 30) - 1))`)} WHERE path = ? AND gone AND discarded_at IS NOT NULL`,
          [message, path],
        )
      }
    },
    async forget(session, limit) {
      await session.query(
        `DELETE FROM filedepot_files WHERE retry_at <= ${NOW} AND gone AND discarded_at IS NULL LIMIT ?`,
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

const TABLES = [
  `CREATE TABLE IF NOT EXISTS filedepot_files (path varchar(255) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin PRIMARY KEY,
    refs int NOT NULL, discarded_at datetime(6) NULL, gone boolean NOT NULL DEFAULT 0, attempts smallint NOT NULL DEFAULT 0,
    retry_at datetime(6) NULL, last_error text CHARACTER SET utf8mb4 NULL, KEY filedepot_due (discarded_at), KEY filedepot_forget (retry_at),
    CONSTRAINT filedepot_gone CHECK (NOT gone OR refs <= 0)) ENGINE=InnoDB`,
  'CREATE TABLE IF NOT EXISTS filedepot_state (name varchar(64) PRIMARY KEY, value text NOT NULL) ENGINE=InnoDB',
]

/** Others take others. At READ COMMITTED, as only the rows that are taken are to be locked. */
async function takeDue(session: LedgerSession, { retention, lease, limit }: DueOptions): Promise<string[]> {
  await session.query('SET TRANSACTION ISOLATION LEVEL READ COMMITTED')
  await session.query('START TRANSACTION')
  const rows = await session.query(
    `SELECT path FROM filedepot_files
      WHERE discarded_at <= ${NOW} - INTERVAL (?) * 1000 MICROSECOND AND refs = 0 AND (retry_at IS NULL OR retry_at <= ${NOW})
        AND path <> '!unreadable' AND EXISTS (SELECT 1 FROM filedepot_state WHERE name = 'ready')
      ORDER BY discarded_at LIMIT ? FOR UPDATE SKIP LOCKED`,
    [retention, limit],
  )
  const paths = rows.map(({ path }) => String(path))
  if (paths.length > 0) {
    await session.query(
      `UPDATE filedepot_files SET gone = 1, attempts = LEAST(attempts + 1, 30000), retry_at = ${fromNow('?')} WHERE path IN (?)`,
      [lease, paths],
    )
  }
  await session.query('COMMIT')
  return paths
}

async function readStats(session: LedgerSession) {
  const [row] = await session.query(
    `SELECT COALESCE(SUM(refs > 0 AND path <> '!unreadable'), 0) AS used, COALESCE(SUM(discarded_at IS NOT NULL AND path <> '!unreadable'), 0) AS waiting,
      COALESCE(SUM(discarded_at IS NOT NULL AND last_error IS NOT NULL), 0) AS failing,
      COALESCE(SUM(IF(path = '!unreadable', refs, 0)), 0) AS unreadable FROM filedepot_files`,
  )
  return statsOf(row)
}
