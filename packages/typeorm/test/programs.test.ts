import 'reflect-metadata'
import { testRandomPrograms } from '../../../test/databases/random-programs.ts'
import { Note } from './entities/note.ts'
import { ConcurrentNoteDriver } from './support/concurrent-note-driver.ts'
import { kind, storageKind, typeormVersion } from './support/database-kind.ts'
import { NoteDriver } from './support/note-driver.ts'
import { TestDatabase } from './support/test-database.ts'

testRandomPrograms({
  runs: runs(),
  open: () => TestDatabase.open([Note]),
  driver: (database) => new NoteDriver(database),
  concurrentDriver: (database) => new ConcurrentNoteDriver(database),
})

function runs(): number {
  if (storageKind !== 'memory') return 40
  if (typeormVersion === '0.3') return process.env.CI ? 200 : 20
  return process.env.CI ? 1310 : kind === 'sqlite' ? 100 : 40
}
