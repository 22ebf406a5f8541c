import { afterEach, beforeEach, describe, expect, it } from '@jest/globals'
import Database from 'better-sqlite3'
import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { isOn } from '../../../test/databases/database-kind.ts'
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
  function changesTo(schema: string): number {
    const path = join(folder, 'schema.prisma')
    writeFileSync(path, schema)
    const args = ['packages/prisma/test/support/schema-changes.mjs', join(folder, 'migrated.db'), path]
    return Number(execFileSync(process.execPath, args, { encoding: 'utf8' }))
  }

  it('make the tables of the schema, and no others', () => {
    const schema = readFileSync('prisma/schema.prisma', 'utf8')

    expect(changesTo(schema)).toBe(0)
    expect(changesTo(schema.replace('seat ', 'place '))).toBeGreaterThan(0)
  })
})
