// Drizzle on embedded SQLite, with files on local disk. Run it with `npm start`.
import { depot, LocalBackend, UploadedFile } from '@filedepot/core'
import { isFileGone, Ledger, sqliteClient } from '@filedepot/ledger'
import Database from 'better-sqlite3'
import { eq } from 'drizzle-orm'
import { drizzle } from 'drizzle-orm/better-sqlite3'
import { integer, sqliteTable, text } from 'drizzle-orm/sqlite-core'
import { mkdtemp } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import { uploadedFile } from './uploaded-file-column.ts'

const folders = sqliteTable('folders', { id: integer().primaryKey(), name: text().notNull() })
const documents = sqliteTable('documents', {
  id: integer().primaryKey(),
  folderId: integer('folder_id')
    .notNull()
    .references(() => folders.id, { onDelete: 'cascade' }),
  content: uploadedFile().notNull(),
})

const folder = await mkdtemp(join(tmpdir(), 'filedepot-drizzle-'))
console.log(`Everything happens in ${folder}`)
depot.configure('default', new LocalBackend(join(folder, 'uploads')))

const sqlite = new Database(join(folder, 'app.db'))
sqlite.pragma('journal_mode = WAL')
// A migration of drizzle-kit makes these tables in an application.
sqlite.exec(`
  CREATE TABLE folders (id INTEGER PRIMARY KEY, name TEXT NOT NULL);
  CREATE TABLE documents (
    id INTEGER PRIMARY KEY,
    folder_id INTEGER NOT NULL REFERENCES folders (id) ON DELETE CASCADE,
    content TEXT NOT NULL
  );
`)
const db = drizzle(sqlite)

// A step of the deployment, after the migrations.
const ledger = new Ledger(depot, sqliteClient(sqlite), {
  columns: [{ table: 'documents', column: 'content' }],
})
await ledger.install()

console.log('Save two rows with their files')
db.insert(folders).values({ id: 1, name: 'Reports' }).run()
const upload = (text: string, filename: string) =>
  depot.upload(UploadedFile.from(Buffer.from(text), { filename }))
const first = await upload('the first report', 'first.txt')
const second = await upload('the second report', 'second.txt')
db.insert(documents)
  .values([
    { id: 1, folderId: 1, content: first },
    { id: 2, folderId: 1, content: second },
  ])
  .run()
await show()

console.log('Replace a file: the old one goes with the next drain')
const corrected = await upload('corrected', 'first.txt')
db.update(documents).set({ content: corrected }).where(eq(documents.id, 1)).run()
console.log(`  ${(await ledger.drain()).deleted} file deleted`)
await show()

console.log('Roll back: the row keeps its file, and the new one goes with a sweep')
const never = await upload('never seen', 'never.txt')
try {
  db.transaction((transaction) => {
    transaction.update(documents).set({ content: never }).where(eq(documents.id, 1)).run()
    throw new Error('the transaction is rolled back')
  })
} catch (error) {
  console.log(`  ${String(error)}`)
}
// A service keeps the default of a day. Without any grace, what was made in this very millisecond is left to the next sweep.
await setTimeout(10)
console.log(`  ${(await ledger.sweep({ grace: 0 })).swept} file swept`)
await show()

console.log('A row cannot refer to a file that was deleted')
try {
  db.insert(documents).values({ folderId: 1, content: first }).run()
} catch (error) {
  if (!isFileGone(error)) throw error
  console.log('  refused by the database')
}

console.log('Delete the folder: the database deletes its documents, and their files follow')
db.delete(folders).where(eq(folders.id, 1)).run()
console.log(`  ${(await ledger.drain()).deleted} files deleted`)
await show()

sqlite.close()
await depot.close()

/** Each row with what its file says, and how many files there are. */
async function show(): Promise<void> {
  for (const { id, content } of db.select().from(documents).all()) {
    console.log(`  row ${id}: ${content.filename} says "${(await content.bytes()).toString()}"`)
  }
  const ids: string[] = []
  for await (const id of depot.get().list()) ids.push(id)
  console.log(`  ${ids.length} files in the storage`)
}
