import { setTimeout } from 'node:timers/promises'
import { kind } from './database-kind.ts'
import { serverDatabase } from './server-database.ts'

const WAITING = {
  postgres: `SELECT 1 FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'`,
  // Of this database only: other test files wait for locks on the same server.
  mariadb:
    'SELECT 1 FROM information_schema.innodb_trx t ' +
    'JOIN information_schema.processlist p ON p.id = t.trx_mysql_thread_id ' +
    `WHERE t.trx_state = 'LOCK WAIT' AND p.db = database()`,
  sqlite: '',
}[kind]

/** Resolves when some statement waits for the lock of another transaction. */
export async function untilSomebodyWaits(): Promise<void> {
  const server = await serverDatabase()
  // InnoDB shows its transactions from a cache, which stays as it is while it is looked at more often.
  while ((await server.query(WAITING)).length === 0) await setTimeout(kind === 'mariadb' ? 120 : 5)
}
