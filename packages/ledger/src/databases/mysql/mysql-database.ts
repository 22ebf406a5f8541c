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

/** Locks of names are those of the whole server. */
const LOCK = "CONCAT('filedepot_ledger.', LEFT(DATABASE(), 40))"

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
    counted: async (session) =>
      countedIn(await session.query("SELECT value FROM filedepot_state WHERE name = 'ready'")),
    async setCounted(session, triggers) {
      if (!triggers) await session.query("DELETE FROM filedepot_state WHERE name = 'ready'")
      else
        await session.query(
          "INSERT INTO filedepot_state (name, value) VALUES ('ready', ?) ON DUPLICATE KEY UPDATE value = VALUES(value)",
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

const TABLES = [
  `CREATE TABLE IF NOT EXISTS filedepot_files (path varchar(255) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin PRIMARY KEY,
    refs int NOT NULL, discarded_at datetime(6) NULL, gone boolean NOT NULL DEFAULT 0, attempts smallint NOT NULL DEFAULT 0,
    retry_at datetime(6) NULL, last_error text CHARACTER SET utf8mb4 NULL, KEY filedepot_due (discarded_at), KEY filedepot_forget (retry_at),
    CONSTRAINT filedepot_gone CHECK (NOT gone OR refs <= 0)) ENGINE=InnoDB`,
  'CREATE TABLE IF NOT EXISTS filedepot_state (name varchar(64) PRIMARY KEY, value mediumtext NOT NULL) ENGINE=InnoDB',
]
