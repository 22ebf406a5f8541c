import 'reflect-metadata'
import { testRandomPrograms } from '../../../../test/databases/random-programs.ts'
import { Note } from '../entities/note.ts'
import { ConcurrentNoteDriver } from '../support/concurrent-note-driver.ts'
import { kind, typeormVersion } from '../support/database-kind.ts'
import { NoteDriver } from '../support/note-driver.ts'
import { TestDatabase } from '../support/test-database.ts'

testRandomPrograms({
  runs: runs(),
  open: () => TestDatabase.open([Note], { ledger: true }),
  driver: (database) => new NoteDriver(database),
  concurrentDriver: (database) => new ConcurrentNoteDriver(database),
  // On the one connection of SQLite, TypeORM mixes the transactions of its callers.
  hasClients: kind !== 'sqlite',
})

/** Each program is followed by a drain, and on MariaDB by a count of all rows. */
function runs(): number {
  if (!process.env.CI || typeormVersion === '0.3') return 20
  return kind === 'sqlite' ? 300 : 60
}
