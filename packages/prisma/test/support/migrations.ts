import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { DatabaseKind } from '../../../../test/databases/database-kind.ts'

const FOLDERS = { sqlite: 'migrations', postgres: 'migrations-postgresql', mariadb: 'migrations-mysql' }

/** The statements of all migrations, in their order. */
export function migrations(kind: DatabaseKind): string[] {
  const folder = join('prisma', FOLDERS[kind])
  const names = readdirSync(folder, { withFileTypes: true }).filter((entry) => entry.isDirectory())
  return names
    .map(({ name }) => name)
    .sort()
    .flatMap((name) => readFileSync(join(folder, name, 'migration.sql'), 'utf8').split(/(?<=;)\n/))
    .filter((statement) => statement.trim() !== '')
}
