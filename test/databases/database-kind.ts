/** The database that the test file runs on; see `projects.ts` of the packages. */
const { FILEDEPOT_TEST } = globalThis as unknown as { FILEDEPOT_TEST: { database: DatabaseKind } }

export type DatabaseKind = 'sqlite' | 'postgres' | 'mariadb'

export const { database: kind } = FILEDEPOT_TEST

export function isOn(...kinds: DatabaseKind[]): boolean {
  return kinds.includes(kind)
}

/** True where an error within a transaction lets it do nothing any more but roll back. */
export const errorsAbortTransactions = kind === 'postgres'

/** What the databases say. */
export const says = {
  unique: { sqlite: 'UNIQUE', postgres: 'unique constraint', mariadb: 'Duplicate entry' }[kind],
  foreignKey: {
    sqlite: 'FOREIGN KEY',
    postgres: 'foreign key constraint',
    mariadb: 'foreign key constraint fails',
  }[kind],
}

/** A statement with `?` for its parameters, as the database writes it. */
export function sql(statement: string): string {
  let count = 0
  return kind === 'postgres' ? statement.replaceAll('?', () => `$${++count}`) : statement
}

/** A name as it stands in a statement. */
export function quoted(name: string): string {
  return kind === 'mariadb' ? `\`${name}\`` : `"${name}"`
}
