import { kind } from './database-kind.ts'
import { serverDatabase } from './server-database.ts'

const OLDEST = {
  postgres:
    'SELECT pid AS id FROM pg_stat_activity WHERE datname = current_database() ' +
    'AND pid <> pg_backend_pid() AND xact_start IS NOT NULL ORDER BY xact_start LIMIT 1',
  mariadb:
    'SELECT trx_mysql_thread_id AS id FROM information_schema.innodb_trx t ' +
    'JOIN information_schema.processlist p ON p.id = t.trx_mysql_thread_id ' +
    'WHERE p.db = database() AND p.id <> connection_id() ORDER BY trx_started LIMIT 1',
  sqlite: '',
}[kind]

/** Ends the oldest connection that is in a transaction, if there is one. */
export async function endOldestTransaction(): Promise<void> {
  const server = await serverDatabase()
  const [oldest] = (await server.query(OLDEST)) as { id: number }[]
  if (oldest) await server.endConnection(oldest.id)
}
