import { setTimeout } from 'node:timers/promises'
import { hasDatabaseCode } from './database-code.ts'
import type { LedgerClient, LedgerSession } from './ledger-client.ts'

/** How often a step is tried whose rows others hold, or which the database has chosen as the victim of a deadlock. */
const TRIES = 8
/** Milliseconds before the second try; twice as many before each further one. */
const FIRST_PAUSE = 5

/** SQLSTATE of PostgreSQL, number of MariaDB and MySQL, code of SQLite. */
const DEADLOCKS = ['40P01', '40001', '1213', '1205', 'SQLITE_BUSY', 'SQLITE_BUSY_SNAPSHOT']

/** Runs a step that may be repeated whole, on a connection of its own. */
export async function retryDeadlocks<T>(
  client: LedgerClient,
  step: (session: LedgerSession) => Promise<T>,
): Promise<T> {
  for (let tries = 1; ; tries++) {
    try {
      return await client.session(step)
    } catch (error) {
      if (tries >= TRIES || !hasDatabaseCode(error, DEADLOCKS)) throw error
      await setTimeout(FIRST_PAUSE * 2 ** (tries - 1) * (0.5 + Math.random()))
    }
  }
}
