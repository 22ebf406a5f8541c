import { kind } from '../../../test/databases/database-kind.ts'
import { testRandomPrograms } from '../../../test/databases/random-programs.ts'
import { ConcurrentNoteDriver } from './support/concurrent-note-driver.ts'
import { NoteDriver } from './support/note-driver.ts'
import { TestDatabase } from './support/test-database.ts'

testRandomPrograms({
  runs: process.env.CI ? 1310 : kind === 'sqlite' ? 100 : 40,
  open: () => TestDatabase.open({ ownClient: true }),
  driver: (database) => new NoteDriver(database),
  concurrentDriver: (database) => new ConcurrentNoteDriver(database),
})
