import { kind } from '../../../../test/databases/database-kind.ts'
import { openDatabase, type TestDatabase } from './test-database.ts'

/** A database with a table of documents, which may belong to another document and go with it. */
export interface DocumentsDatabase extends TestDatabase {
  readonly columns: readonly { table: string; column: string }[]
  insert(name: string, file: string | null, parent?: string): Promise<void>
}

export async function documents(): Promise<DocumentsDatabase> {
  const database = await openDatabase()
  await database.run(
    `CREATE TABLE documents (name varchar(40) PRIMARY KEY, note varchar(40), file text, parent varchar(40) NULL
      REFERENCES documents (name) ON DELETE CASCADE)`,
  )
  return {
    ...database,
    columns: [{ table: 'documents', column: 'file' }],
    async insert(name, file, parent) {
      await database.run('INSERT INTO documents (name, file, parent) VALUES (?, ?, ?)', [
        name,
        file,
        parent ?? null,
      ])
    },
    async close() {
      if (kind !== 'sqlite') {
        for (const table of await tablesOf(database))
          await database.run(`DROP TABLE IF EXISTS ${table} CASCADE`)
      }
      await database.close()
    },
  }
}

/** A test file has one database of a server for itself, and each test starts with an empty one. */
async function tablesOf({ run }: TestDatabase): Promise<string[]> {
  const [query, quote] =
    kind === 'postgres'
      ? ["SELECT tablename AS name FROM pg_tables WHERE schemaname = 'public'", '"']
      : ['SELECT TABLE_NAME AS name FROM information_schema.TABLES WHERE TABLE_SCHEMA = DATABASE()', '`']
  const rows = await run(query)
  return rows.map(({ name }) => `${quote}${String(name).replaceAll(quote, quote + quote)}${quote}`)
}
