import type { DataSource } from 'typeorm'
import { kind, quoted } from './database-kind.ts'

/** Makes the database keep rows as they are, quietly. MariaDB's triggers can only refuse. */
export async function keepRows(
  dataSource: DataSource,
  { table, operation, when = 'TRUE' }: { table: string; operation: 'DELETE' | 'UPDATE'; when?: string },
): Promise<void> {
  if (kind === 'sqlite') {
    await dataSource.query(
      `CREATE TRIGGER keep BEFORE ${operation} ON ${quoted(table)} WHEN ${when} BEGIN SELECT RAISE(IGNORE); END`,
    )
    return
  }
  await dataSource.query(
    'CREATE OR REPLACE FUNCTION keep() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN NULL; END $$',
  )
  await dataSource.query(
    `CREATE TRIGGER keep BEFORE ${operation} ON ${quoted(table)} FOR EACH ROW WHEN (${when}) EXECUTE FUNCTION keep()`,
  )
}
