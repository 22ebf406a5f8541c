import { afterEach, beforeEach, describe, expect, it } from '@jest/globals'
import { DepotManager } from '@filedepot/core'
import { Ledger, sqliteClient, type LedgerClient, type LedgerColumn } from '@filedepot/ledger'
import { isOn, kind } from '../../../test/databases/database-kind.ts'
import { refsIn, valueOf } from './support/books.ts'
import { documents, type DocumentsDatabase } from './support/documents.ts'

let database: DocumentsDatabase

beforeEach(async () => {
  database = await documents()
  if (kind !== 'sqlite') await database.run(`ALTER TABLE documents ${widen}`)
})

const widen = kind === 'postgres' ? 'ALTER COLUMN note TYPE text' : 'MODIFY note text'

afterEach(() => database.close())

function ledgerOf(columns: readonly LedgerColumn[] = database.columns, client = database.client): Ledger {
  return new Ledger(new DepotManager(), client, { columns })
}

/** A client of one connection, on which the application has a temporary table that is called as its own. */
async function withTemporaryTable(action: (client: LedgerClient) => Promise<void>): Promise<void> {
  await database.client.session(async (session) => {
    await session.query('CREATE TEMPORARY TABLE documents (name varchar(40) PRIMARY KEY, file text)')
    const client: LedgerClient =
      kind === 'sqlite'
        ? database.client
        : { database: database.client.database, session: (run) => run(session) }
    try {
      await action(client)
    } finally {
      const hidden = { sqlite: 'temp.documents', postgres: 'pg_temp.documents', mariadb: 'documents' }[kind]
      await session.query(`DROP ${kind === 'mariadb' ? 'TEMPORARY ' : ''}TABLE ${hidden}`)
    }
  })
}

describe('the tables of a ledger', () => {
  it('are counted once, however often and however a table is named', async () => {
    await database.insert('a', valueOf('default/1'))
    const again = {
      sqlite: { table: 'DOCUMENTS', column: 'FILE' },
      postgres: { schema: 'public', table: 'documents', column: 'file' },
      mariadb: { table: 'documents', column: 'FILE' },
    }[kind]
    const ledger = ledgerOf([
      ...database.columns,
      again,
      { ...again, column: again.column === 'FILE' ? 'NOTE' : 'note' },
    ])

    await ledger.install()
    await database.insert('b', valueOf('default/1'))
    await database.run('UPDATE documents SET note = ?', [valueOf('d/2')])

    expect(await refsIn(database)).toEqual({ 'd/2': 2, 'default/1': 2 })
    expect(await ledger.install({ recount: true })).toMatchObject({ repaired: 0 })
    expect((await ledger.check()).isReady).toBe(true)
  })

  it('are not those that a temporary table of the same name hides', async () => {
    await database.insert('a', valueOf('default/1'))
    await withTemporaryTable(async (client) => {
      const ledger = ledgerOf(database.columns, client)
      if (isOn('mariadb')) {
        await expect(ledger.install()).rejects.toMatchObject({
          code: 'INVALID_ARGUMENT',
          message: expect.stringContaining('temporary table "documents"') as unknown,
        })
        return
      }
      await ledger.install()
      expect((await ledger.check()).isReady).toBe(true)
    })
    if (isOn('mariadb')) await ledgerOf().install()

    await database.insert('b', valueOf('default/2'))

    expect(await refsIn(database)).toEqual({ 'default/1': 1, 'default/2': 1 })
    expect((await ledgerOf().check()).isReady).toBe(true)
  })

  it('are counted anew without one that was dropped', async () => {
    await database.run('CREATE TABLE others (id int PRIMARY KEY, file text)')
    await ledgerOf([...database.columns, { table: 'others', column: 'file' }]).install()
    await database.run('INSERT INTO others VALUES (1, ?)', [valueOf('default/1')])
    await database.run('DROP TABLE others')

    expect(await ledgerOf().install()).toMatchObject({ created: [], repaired: 1 })

    expect(await refsIn(database)).toEqual({})
    expect(await ledgerOf().install()).toMatchObject({ repaired: 0 })
  })

  it('are counted anew without a column that is not followed any more', async () => {
    const both = [...database.columns, { table: 'documents', column: 'note' }]
    await ledgerOf(both).install()
    await database.insert('a', valueOf('default/1'))
    await database.run('UPDATE documents SET note = ?', [valueOf('d/2')])

    expect(await ledgerOf().install({ prune: true })).toMatchObject({ repaired: 1 })

    expect(await refsIn(database)).toEqual({ 'default/1': 1 })
    await database.run('UPDATE documents SET note = ?', [valueOf('d/3')])
    expect(await refsIn(database)).toEqual({ 'default/1': 1 })
  })

  it('may be renamed: the next installation follows', async () => {
    const ledger = ledgerOf()
    await ledger.install()
    await database.insert('a', valueOf('default/1'))
    await database.run('ALTER TABLE documents RENAME TO papers')
    await expect(ledger.drain()).rejects.toMatchObject({
      code: 'INVALID_ARGUMENT',
      message: expect.stringContaining('"documents"') as unknown,
    })
    const renamed = ledgerOf([{ table: 'papers', column: 'file' }])

    await renamed.install({ prune: true })

    await database.run("INSERT INTO papers (name, file) VALUES ('b', ?)", [valueOf('default/1')])
    expect(await refsIn(database)).toEqual({ 'default/1': 2 })
    expect((await renamed.check()).isReady).toBe(true)
  })

  if (isOn('sqlite')) {
    it('wait for a query of the application that reads row by row', async () => {
      const { default: Database } = await import('better-sqlite3')
      const one = new Database(':memory:')
      one.exec('CREATE TABLE documents (name text PRIMARY KEY, file text)')
      one.prepare('INSERT INTO documents VALUES (?, ?)').run('a', valueOf('default/1'))
      const rows = one.prepare('SELECT name FROM documents').iterate()
      rows.next()
      let isInstalled = false

      const installing = ledgerOf(database.columns, sqliteClient(one)).install()
      void installing.then(() => (isInstalled = true))
      for (let turn = 0; turn < 20; turn++) await new Promise(setImmediate)
      expect(isInstalled).toBe(false)
      rows.return?.()

      expect(await installing).toMatchObject({ repaired: 1 })
      one.close()
    })
  }
})
