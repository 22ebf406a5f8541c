import 'reflect-metadata'
import { testRandomPrograms } from '../../../../test/databases/random-programs.ts'
import { Note } from '../entities/note.ts'
import { ConcurrentNoteDriver } from '../support/concurrent-note-driver.ts'
import { kind } from '../support/database-kind.ts'
import { NoteDriver } from '../support/note-driver.ts'
import { TestDatabase } from '../support/test-database.ts'

testRandomPrograms({
  runs: process.env.CI ? 200 : 40,
  open: () => TestDatabase.open([Note], { ledger: true }),
  driver: (database) => new NoteDriver(database),
  concurrentDriver: (database) => new ConcurrentNoteDriver(database),
  // On the one connection of SQLite, TypeORM mixes the transactions of its callers.
  hasClients: kind !== 'sqlite',
})
