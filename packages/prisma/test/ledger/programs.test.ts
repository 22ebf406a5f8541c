import { testRandomPrograms } from '../../../../test/databases/random-programs.ts'
import { isOn } from '../../../../test/databases/database-kind.ts'
import { ConcurrentNoteDriver } from '../support/concurrent-note-driver.ts'
import { NoteDriver } from '../support/note-driver.ts'
import { Ways } from '../support/note-writer.ts'
import { TestDatabase } from '../support/test-database.ts'

/**
 * Transactions are those of Prisma itself: nobody says that PostgreSQL has answered a COMMIT with ROLLBACK, because a statement
 * had failed before.
 */
class LedgerNoteDriver extends NoteDriver {
  #isAborted = false

  override async saveRefused(name: string, content: string): Promise<void> {
    this.#isAborted = this.errorsAbortTransactions
    await super.saveRefused(name, content)
  }

  override async begin(): Promise<void> {
    this.#isAborted = false
    await super.begin()
  }

  override async rollbackTo(): Promise<void> {
    this.#isAborted = false
    await super.rollbackTo()
  }

  override async commit(): Promise<void> {
    await super.commit()
    if (!this.#isAborted) return
    this.#isAborted = false
    throw Object.assign(new Error('the model wants to hear of it'), { code: 'TRANSACTION_ABORTED' })
  }
}

/**
 * Prisma may roll back in the middle of a write, and what is left of it commits by itself. If another transaction is open within
 * the one that fails, it may commit a part of that, too.
 */
class ConcurrentLedgerDriver extends ConcurrentNoteDriver {
  readonly lateWritesStandAlone = true
}

testRandomPrograms({
  runs: process.env.CI ? (isOn('mariadb') ? 40 : 100) : 30,
  open: () => TestDatabase.open({ ownClient: true, ledger: true }),
  driver: (database) => new LedgerNoteDriver(database, new Ways(false)),
  concurrentDriver: (database) => new ConcurrentLedgerDriver(database, new Ways(false)),
  // On MariaDB, the INSERTs of two transactions into the key of the ledger may deadlock.
  isConflict: (error) => isOn('mariadb') && (error as { code?: unknown }).code === 'P2034',
})
