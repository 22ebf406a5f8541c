/** For which ORM a migration is. */
export type MigrationKind = 'typeorm' | 'prisma'

/** A migration that installs the ledger, and its path within the folder of migrations. */
export function migrationOf(
  kind: MigrationKind,
  statements: readonly string[],
  now: Date,
): { path: string; text: string } {
  if (kind === 'typeorm') return { path: `${now.getTime()}-InstallLedger.ts`, text: ofTypeorm(now.getTime()) }
  const stamp = now.toISOString().replace(/\D/g, '').slice(0, 14)
  const text = [
    '-- The tables and triggers of the ledger of filedepot.',
    ...statements.map((one) => `${one};`),
    '',
  ]
  return { path: `${stamp}_install_ledger/migration.sql`, text: text.join('\n') }
}

/** Calls `install()`, which also counts the rows: a list of statements would not. */
function ofTypeorm(time: number): string {
  return `import { ledgerOf } from '@filedepot/typeorm'
import type { MigrationInterface, QueryRunner } from 'typeorm'

export class InstallLedger${time} implements MigrationInterface {
  // install() has connections of its own, which would wait for a transaction of the migration.
  transaction = false

  async up({ dataSource }: QueryRunner): Promise<void> {
    await ledgerOf(dataSource).install()
  }

  async down({ dataSource }: QueryRunner): Promise<void> {
    await ledgerOf(dataSource).remove()
  }
}
`
}
