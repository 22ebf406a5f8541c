import { DepotManager } from '@filedepot/core'
import { Ledger, sqliteClient } from '@filedepot/ledger'
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals'
import Database from 'better-sqlite3'
import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { isOn } from '../../../test/databases/database-kind.ts'
import { FILE_COLUMNS } from './support/file-models.ts'
import { Prisma } from './support/generated-client.ts'
import { migrations } from './support/migrations.ts'
import { TestDatabase } from './support/test-database.ts'

describe('the migrations', () => {
  it('make a column for every field', async () => {
    const database = await TestDatabase.open()
    const models = database.base as unknown as Record<string, { findMany(): Promise<unknown[]> }>

    for (const name of Object.values(Prisma.ModelName)) {
      expect(await models[name.charAt(0).toLowerCase() + name.slice(1)]?.findMany()).toEqual([])
    }

    await database.close()
  })
})

describe('the migrations of SQLite', () => {
  // Prisma's engine cannot read the tables of the others.
  if (!isOn('sqlite')) return

  let folder: string

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'filedepot-migrations-'))
    const database = new Database(join(folder, 'migrated.db'))
    database.exec(migrations('sqlite').join('\n'))
    database.close()
  })

  afterEach(() => {
    rmSync(folder, { recursive: true })
  })

  /** What Prisma would change in the migrated database. */
  function changesTo(schema: string, externalTables: readonly string[] = []): number {
    const path = join(folder, 'schema.prisma')
    writeFileSync(path, schema)
    const args = [
      'packages/prisma/test/support/schema-changes.mjs',
      join(folder, 'migrated.db'),
      path,
      ...externalTables,
    ]
    return Number(execFileSync(process.execPath, args, { encoding: 'utf8' }))
  }

  it('make the tables of the schema, and no others', () => {
    const schema = readFileSync('prisma/schema.prisma', 'utf8')

    expect(changesTo(schema)).toBe(0)
    expect(changesTo(schema.replace('seat ', 'place '))).toBeGreaterThan(0)
  })

  it('leave a ledger alone whose tables are named as external', async () => {
    const schema = readFileSync('prisma/schema.prisma', 'utf8')
    const database = new Database(join(folder, 'migrated.db'))
    const columns = FILE_COLUMNS.map(([table, column]) => ({ table, column }))
    const ledger = new Ledger(new DepotManager(), sqliteClient(database), { columns })
    await ledger.install()

    expect(changesTo(schema, ['filedepot_files', 'filedepot_state'])).toBe(0)

    expect(await ledger.check()).toMatchObject({ isReady: true })
    database.close()
  })
})
