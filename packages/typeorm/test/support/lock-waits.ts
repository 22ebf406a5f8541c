import { setTimeout } from 'node:timers/promises'
import { kind } from './database-kind.ts'
import { serverDatabase } from './data-source-options.ts'

const WAITING = {
  postgres: `SELECT 1 FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'`,
  mariadb: `SELECT 1 FROM information_schema.innodb_trx WHERE trx_state = 'LOCK WAIT'`,
  sqlite: '',
}[kind]

/** Resolves when some statement waits for the lock of another transaction. */
export async function untilSomebodyWaits(): Promise<void> {
  const server = await serverDatabase()
  // InnoDB shows its transactions from a cache, which stays as it is while it is looked at more often.
  while ((await server.query(WAITING)).length === 0) await setTimeout(kind === 'mariadb' ? 120 : 5)
}
