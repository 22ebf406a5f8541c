import type { ConcurrentRowDriver, RowWriter } from '@filedepot/testing/model'
import { endOldestTransaction } from '../../../../test/databases/end-oldest-transaction.ts'
import { kind } from './database-kind.ts'
import { NoteObserver } from './note-observer.ts'
import { NoteWriter } from './note-writer.ts'
import { BuilderNoteWriter, CriteriaNoteWriter, RepositoryNoteWriter } from './note-writers.ts'
import type { TestDatabase } from './test-database.ts'

/** Drives TypeORM for several clients at the same time, each in transactions of its own. */
export class ConcurrentNoteDriver extends NoteObserver implements ConcurrentRowDriver {
  /** With a ledger no method of TypeORM is replaced, so that nothing stops a statement that follows a ROLLBACK. */
  readonly lateWritesStandAlone: boolean

  constructor(database: TestDatabase) {
    super(database)
    this.lateWritesStandAlone = kind === 'sqlite' || database.hasLedger
  }

  ways(rows: RowWriter): readonly RowWriter[] {
    const { manager } = rows as NoteWriter
    return [
      rows,
      new RepositoryNoteWriter(manager),
      new CriteriaNoteWriter(manager),
      new BuilderNoteWriter(manager),
    ]
  }

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
