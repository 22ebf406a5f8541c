import Database from 'better-sqlite3'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

/**
 * Makes the tables in a database that has none. This is for an example that has to start by itself: an application runs
 * `npx prisma migrate deploy` before it is started, which also knows what was applied before.
 */
export function createTables(database: string, migrations: string): void {
  const connection = new Database(database)
  try {
    if (connection.prepare('SELECT name FROM sqlite_master').get()) return
    const folders = readdirSync(migrations, { withFileTypes: true }).filter((entry) => entry.isDirectory())
    const names = folders.map(({ name }) => name).sort()
    connection.transaction(() => {
      for (const name of names) connection.exec(readFileSync(join(migrations, name, 'migration.sql'), 'utf8'))
    })()
  } finally {
    connection.close()
  }
}
