import { afterEach, beforeEach, describe, expect, it } from '@jest/globals'
import { DepotManager } from '@filedepot/core'
import { Ledger } from '@filedepot/ledger'
import { isOn, kind } from '../../../test/databases/database-kind.ts'
import { discardedIn, refsIn, valueOf } from './support/books.ts'
import { documents, type DocumentsDatabase } from './support/documents.ts'

let database: DocumentsDatabase

beforeEach(async () => {
  database = await documents()
  await new Ledger(new DepotManager(), database.client, { columns: database.columns }).install()
  await database.insert('a', valueOf('default/1'))
  await database.insert('b', valueOf('default/2'))
})

afterEach(() => database.close())

const UPSERT = {
  sqlite: 'ON CONFLICT (name) DO UPDATE SET file = excluded.file',
  postgres: 'ON CONFLICT (name) DO UPDATE SET file = excluded.file',
  mariadb: 'ON DUPLICATE KEY UPDATE file = VALUES(file)',
}[kind]

/** What changes rows, and the counts afterwards. */
const STATEMENTS: [statement: string, refs: Record<string, number>][] = [
  ["UPDATE documents SET note = 'x'", { 'default/1': 1, 'default/2': 1 }],
  ['UPDATE documents SET file = file', { 'default/1': 1, 'default/2': 1 }],
  ['UPDATE documents SET file = NULL', {}],
  ["UPDATE documents SET name = 'c' WHERE name = 'a'", { 'default/1': 1, 'default/2': 1 }],
  ['DELETE FROM documents', {}],
  [
    `INSERT INTO documents (name, file) VALUES ('a', '${valueOf('default/3')}'), ('c', '${valueOf('default/3')}') ${UPSERT}`,
    { 'default/2': 1, 'default/3': 2 },
  ],
  [
    "UPDATE documents SET file = (SELECT f FROM (SELECT file f FROM documents WHERE name = 'b') x) WHERE name = 'a'",
    { 'default/2': 2 },
  ],
  [
    "INSERT INTO documents (name, file) SELECT 'c', file FROM documents WHERE name = 'a'",
    { 'default/1': 2, 'default/2': 1 },
  ],
  ...(isOn('postgres', 'sqlite')
    ? ([
        [
          `INSERT INTO documents (name, file) VALUES ('a', '${valueOf('default/3')}') ON CONFLICT DO NOTHING`,
          { 'default/1': 1, 'default/2': 1 },
        ],
        ["DELETE FROM documents WHERE name = 'a' RETURNING name", { 'default/2': 1 }],
      ] as [string, Record<string, number>][])
    : []),
  ...(isOn('postgres')
    ? ([
        ['TRUNCATE documents', {}],
        [
          `WITH gone AS (DELETE FROM documents WHERE name = 'a' RETURNING file) INSERT INTO documents (name, file) SELECT 'c', file FROM gone`,
          { 'default/1': 1, 'default/2': 1 },
        ],
        [
          `UPDATE documents d SET file = o.file FROM documents o WHERE o.name = CASE d.name WHEN 'a' THEN 'b' ELSE 'a' END`,
          { 'default/1': 1, 'default/2': 1 },
        ],
      ] as [string, Record<string, number>][])
    : []),
  ...(isOn('mariadb')
    ? ([
        [
          `REPLACE INTO documents (name, file) VALUES ('a', '${valueOf('default/3')}')`,
          { 'default/2': 1, 'default/3': 1 },
        ],
        ["DELETE d FROM documents d JOIN documents o ON o.name = 'a' WHERE d.name = 'b'", { 'default/1': 1 }],
      ] as [string, Record<string, number>][])
    : []),
]

describe('statements of all kinds', () => {
  it.each(STATEMENTS)('%s', async (statement, refs) => {
    await database.run(statement)

    expect(await refsIn(database)).toEqual(refs)
    const kept = Object.keys(refs)
    expect(await discardedIn(database)).toEqual(
      ['default/1', 'default/2'].filter((path) => !kept.includes(path)),
    )
  })

  it('a savepoint that is rolled back counts nothing', async () => {
    await database.onConnection(async (run) => {
      await run('BEGIN')
      await run("DELETE FROM documents WHERE name = 'a'")
      await run('SAVEPOINT one')
      await run('DELETE FROM documents')
      await run('ROLLBACK TO SAVEPOINT one')
      await run('COMMIT')
    })

    expect(await refsIn(database)).toEqual({ 'default/2': 1 })
  })

  it('a value that cannot be read is counted, and stops nobody', async () => {
    await database.insert('c', 'no JSON')

    expect(await refsIn(database)).toMatchObject({ '!unreadable': 1 })
    await database.run("DELETE FROM documents WHERE name = 'c'")
    expect(await refsIn(database)).toEqual({ 'default/1': 1, 'default/2': 1 })
  })

  if (isOn('postgres')) {
    it('rows of partitions are counted, also those that move', async () => {
      await database.run('CREATE TABLE parts (id int, kind text, file text) PARTITION BY LIST (kind)')
      await database.run("CREATE TABLE parts_a PARTITION OF parts FOR VALUES IN ('a')")
      await database.run("CREATE TABLE parts_b PARTITION OF parts FOR VALUES IN ('b')")
      const columns = [...database.columns, { table: 'parts', column: 'file' }]
      const ledger = new Ledger(new DepotManager(), database.client, { columns })
      await ledger.install()

      await database.run("INSERT INTO parts VALUES (1, 'a', ?)", [valueOf('default/p')])
      await database.run("INSERT INTO parts_b VALUES (2, 'b', ?)", [valueOf('default/q')])
      expect(await refsIn(database)).toMatchObject({ 'default/p': 1, 'default/q': 1 })
      await database.run("UPDATE parts SET kind = 'b', file = ? WHERE id = 1", [valueOf('default/r')])
      expect(await refsIn(database)).toEqual({
        'default/1': 1,
        'default/2': 1,
        'default/q': 1,
        'default/r': 1,
      })
      await database.run('DELETE FROM parts')

      expect(await refsIn(database)).toEqual({ 'default/1': 1, 'default/2': 1 })
      expect((await ledger.check()).isReady).toBe(true)
    })

    it('a search_path of the caller changes nothing', async () => {
      await database.run('CREATE SCHEMA trap')
      await database.run('CREATE FUNCTION trap.plus(int, int) RETURNS int LANGUAGE sql AS $$ SELECT 99 $$')
      await database.run('CREATE OPERATOR trap.+ (LEFTARG = int, RIGHTARG = int, FUNCTION = trap.plus)')
      await database.onConnection(async (run) => {
        await run('SET search_path = trap, pg_catalog, public')
        await run("UPDATE public.documents SET file = ? WHERE name = 'b'", [valueOf('default/1')])
      })

      expect(await refsIn(database)).toEqual({ 'default/1': 2 })
      await database.run('DROP SCHEMA trap CASCADE')
    })
  }
})
