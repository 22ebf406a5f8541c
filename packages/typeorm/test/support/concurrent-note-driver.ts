import type { ConcurrentRowDriver, RowWriter } from '@filedepot/testing/model'
import { endOldestTransaction } from '../../../../test/databases/end-oldest-transaction.ts'
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
    await endOldestTransaction()
  }
}
