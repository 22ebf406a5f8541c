import type { ConcurrentRowDriver, RowWriter } from '@filedepot/testing/model'
import { endOldestTransaction } from '../../../../test/databases/end-oldest-transaction.ts'
import { NoteObserver } from './note-observer.ts'
import { NoteWriter, Ways } from './note-writer.ts'
import type { TestDatabase } from './test-database.ts'

/** Drives Prisma for several clients at the same time, each in transactions of its own. */
export class ConcurrentNoteDriver extends NoteObserver implements ConcurrentRowDriver {
  readonly #ways: Ways

  constructor(database: TestDatabase, ways = new Ways()) {
    super(database)
    this.#ways = ways
  }

  async transaction(action: (rows: RowWriter) => Promise<void>): Promise<void> {
    await this.database.prisma.$transaction((client) => action(new NoteWriter(client, this.#ways)), {
      maxWait: 60_000,
      timeout: 60_000,
    })
  }

  async savepoint(rows: RowWriter, action: (rows: RowWriter) => Promise<void>): Promise<void> {
    await (rows as NoteWriter).client.$transaction((client) => action(new NoteWriter(client, this.#ways)))
  }

  /** The oldest connection that is in a transaction, or none. */
  async kill(): Promise<void> {
    await endOldestTransaction()
  }
}
