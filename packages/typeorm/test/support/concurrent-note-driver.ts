import type { ConcurrentRowDriver, RowWriter } from '@filedepot/testing/model'
import { kind } from './database-kind.ts'
import { serverDatabase } from './data-source-options.ts'
import { NoteObserver } from './note-observer.ts'
import { NoteWriter } from './note-writer.ts'

/** Drives TypeORM for several clients at the same time, each in transactions of its own. */
export class ConcurrentNoteDriver extends NoteObserver implements ConcurrentRowDriver {
  async transaction(action: (rows: RowWriter) => Promise<void>): Promise<void> {
    await this.database.dataSource.transaction((manager) => action(new NoteWriter(manager)))
  }

  async savepoint(rows: RowWriter, action: (rows: RowWriter) => Promise<void>): Promise<void> {
    const { manager } = rows as NoteWriter
    await manager.transaction((inner) => action(new NoteWriter(inner)))
  }

  /** The oldest connection that is in a transaction, or none. */
  async kill(): Promise<void> {
    const server = await serverDatabase()
    const [oldest] = (await server.query(OLDEST[kind])) as { id: number }[]
    if (oldest) await server.endConnection(oldest.id)
  }
}

const OLDEST = {
  postgres:
    'SELECT pid AS id FROM pg_stat_activity WHERE datname = current_database() ' +
    'AND pid <> pg_backend_pid() AND xact_start IS NOT NULL ORDER BY xact_start LIMIT 1',
  mariadb:
    'SELECT trx_mysql_thread_id AS id FROM information_schema.innodb_trx t ' +
    'JOIN information_schema.processlist p ON p.id = t.trx_mysql_thread_id ' +
    'WHERE p.db = database() AND p.id <> connection_id() ORDER BY trx_started LIMIT 1',
  sqlite: '',
}
