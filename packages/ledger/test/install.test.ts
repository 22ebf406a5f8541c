import { afterEach, beforeEach, describe, expect, it } from '@jest/globals'
import { DepotManager } from '@filedepot/core'
import { Ledger, type LedgerClient } from '@filedepot/ledger'
import { isOn, kind } from '../../../test/databases/database-kind.ts'
import { refsIn, valueOf } from './support/books.ts'
import { documents, type DocumentsDatabase } from './support/documents.ts'

let database: DocumentsDatabase
let ledger: Ledger

beforeEach(async () => {
  database = await documents()
  ledger = new Ledger(new DepotManager(), database.client, { columns: database.columns })
})

afterEach(() => database.close())

const CLEAN = {
  missing: [],
  outdated: [],
  disabled: [],
  uncounted: [],
  others: [],
  // The servers of tests are quick and may lose commits.
  warnings: expect.any(Array) as unknown,
}

/** The statement that removes the trigger of INSERT. */
async function dropInsertTrigger(): Promise<void> {
  if (kind === 'postgres') {
    await database.run('DROP TRIGGER filedepot_i ON documents')
    return
  }
  const names =
    kind === 'sqlite'
      ? "SELECT name FROM sqlite_master WHERE type = 'trigger' AND name LIKE '%\\_i' ESCAPE '\\'"
      : "SELECT TRIGGER_NAME AS name FROM information_schema.TRIGGERS WHERE TRIGGER_SCHEMA = DATABASE() AND TRIGGER_NAME LIKE '%\\_i'"
  for (const { name } of await database.run(names)) await database.run(`DROP TRIGGER ${String(name)}`)
}

/** Says of the settings of the database what the test wants. */
function withSettings(pattern: RegExp, rows: Record<string, unknown>[]): Ledger {
  const client: LedgerClient = {
    database: database.client.database,
    session: (action) =>
      database.client.session((session) =>
        action({
          query: (sql, parameters) =>
            pattern.test(sql) ? Promise.resolve(rows) : session.query(sql, parameters),
        }),
      ),
  }
  return new Ledger(new DepotManager(), client, { columns: database.columns })
}

describe('check', () => {
  it('names settings with which the database may lose a commit', async () => {
    await ledger.install()
    const loose = {
      sqlite: ledger,
      postgres: withSettings(/'fsync'/, [{ fsync: 'off', synchronous: '', standbys: '1' }]),
      mariadb: withSettings(/^SHOW GLOBAL VARIABLES/, [
        { Variable_name: 'innodb_flush_log_at_trx_commit', Value: '2' },
        { Variable_name: 'wsrep_on', Value: 'ON' },
      ]),
    }[kind]

    const { isReady, warnings } = await loose.check()

    expect(isReady).toBe(true)
    const expected = {
      sqlite: [],
      postgres: [/^fsync is off/, /^synchronous_standby_names .* retention/],
      mariadb: [/^innodb_flush_log_at_trx_commit is 2.* retention/, /^wsrep_on is ON/],
    }[kind]
    expect(warnings).toEqual(expected.map((pattern) => expect.stringMatching(pattern) as unknown))
  })
})

describe('install', () => {
  it('counts the rows that are there, and says what it has made', async () => {
    await database.insert('a', valueOf('default/1', 'default/2'))
    await database.insert('b', valueOf('default/2'))
    await database.insert('c', `[${valueOf('default/3')},${valueOf('default/3')}]`)
    expect(await ledger.check()).toMatchObject({ isReady: false, isCounted: false, outdated: [] })

    const { created, removed, repaired, dangling } = await ledger.install()

    expect({ removed, repaired, dangling }).toEqual({ removed: [], repaired: 3, dangling: [] })
    expect(created.length).toBe({ sqlite: 8, postgres: 4, mariadb: 3 }[kind])
    expect(await refsIn(database)).toEqual({ 'default/1': 1, 'default/2': 2, 'default/3': 1 })
    expect(await ledger.check()).toEqual({ isReady: true, isCounted: true, ...CLEAN })
  })

  it('does nothing the second time', async () => {
    await ledger.install()
    await database.insert('a', valueOf('default/1'))

    expect(await ledger.install()).toEqual({
      created: [],
      removed: [],
      repaired: 0,
      dangling: [],
      unclaimed: [],
    })
    expect(await refsIn(database)).toEqual({ 'default/1': 1 })
  })

  it('is needed after the statements of sql() have run, also where the ledger was installed before', async () => {
    await ledger.install()
    await dropInsertTrigger()
    await database.insert('a', valueOf('default/1'))
    for (const statement of await ledger.sql())
      await database.client.session((session) => session.query(statement))

    expect(await ledger.check()).toEqual({ ...CLEAN, isReady: false, isCounted: false })
    await expect(ledger.drain()).rejects.toMatchObject({ code: 'LEDGER_INCOMPLETE' })

    expect(await ledger.install()).toMatchObject({ created: [], repaired: 1 })
    expect(await refsIn(database)).toEqual({ 'default/1': 1 })
  })

  it('makes a lost trigger again, and counts what it has missed', async () => {
    await ledger.install()
    await database.insert('a', valueOf('default/1'))
    await dropInsertTrigger()
    await database.insert('b', valueOf('default/1', 'default/2'))
    await database.run("DELETE FROM documents WHERE name = 'a'")
    const check = await ledger.check()
    expect(check.isReady).toBe(false)
    expect(check.missing).toHaveLength(1)
    expect(check.missing[0]).toContain('documents')

    expect(await ledger.install()).toMatchObject({ repaired: 2 })
    expect(await refsIn(database)).toEqual({ 'default/1': 1, 'default/2': 1 })
    expect((await ledger.check()).isReady).toBe(true)
  })

  it('counts anew where that is asked for', async () => {
    await ledger.install()
    await database.insert('a', valueOf('default/1'))
    await database.run("UPDATE filedepot_files SET refs = 7 WHERE path = 'default/1'")

    expect(await ledger.install({ recount: true })).toMatchObject({ created: [], repaired: 1 })
    expect(await refsIn(database)).toEqual({ 'default/1': 1 })
  })

  it('counts rows that are the same in a table without a key', async () => {
    await database.run('CREATE TABLE keyless (file text)')
    for (let n = 0; n < 2; n++) await database.run('INSERT INTO keyless VALUES (?)', [valueOf('default/1')])
    const columns = [...database.columns, { table: 'keyless', column: 'file' }]

    await new Ledger(new DepotManager(), database.client, { columns }).install()

    expect(await refsIn(database)).toEqual({ 'default/1': 2 })
  })

  it('names the files that rows refer to and that are deleted', async () => {
    await ledger.install()
    await database.run("INSERT INTO filedepot_files (path, refs, gone) VALUES ('default/1', 0, true)")
    await dropInsertTrigger()
    await database.insert('a', valueOf('default/1'))

    expect(await ledger.install()).toMatchObject({ repaired: 0, dangling: ['default/1'] })
  })

  it('refuses to forget the columns of somebody else', async () => {
    await database.run('CREATE TABLE others (id int PRIMARY KEY, file text)')
    const columns = [...database.columns, { table: 'others', column: 'file' }]
    await new Ledger(new DepotManager(), database.client, { columns }).install()
    await database.run('INSERT INTO others (id, file) VALUES (1, ?)', [valueOf('default/1')])

    await expect(ledger.install()).rejects.toMatchObject({
      code: 'INVALID_ARGUMENT',
      message: expect.stringContaining('others') as unknown,
    })
    expect(await refsIn(database)).toEqual({ 'default/1': 1 })

    const { removed } = await ledger.install({ prune: true })
    expect(removed.every((name) => name.includes('others'))).toBe(true)
    expect(await refsIn(database)).toEqual({})
  })

  it('takes turns with another one', async () => {
    const outcomes = await Promise.allSettled([ledger.install(), ledger.install(), ledger.install()])

    for (const outcome of outcomes)
      if (outcome.status === 'rejected') expect(outcome.reason).toMatchObject({ code: 'LEDGER_BUSY' })
    expect(outcomes.some(({ status }) => status === 'fulfilled')).toBe(true)
    expect((await ledger.check()).isReady).toBe(true)
  })

  it.each([
    ['table', { table: 'missing', column: 'file' }],
    ['column', { table: 'documents', column: 'missing' }],
  ])('names a %s that is not there', async (what, column) => {
    const wrong = new Ledger(new DepotManager(), database.client, { columns: [column] })

    await expect(wrong.install()).rejects.toMatchObject({
      code: 'INVALID_ARGUMENT',
      message: expect.stringMatching(new RegExp(`${what} "missing"`)) as unknown,
    })
    await expect(wrong.check()).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' })
  })

  it.each([[[]], [[{ table: 'documents' }]], [[{ table: '', column: 'file' }]], ['documents.file']])(
    'refuses %j as columns',
    (columns) => {
      const make = () => new Ledger(new DepotManager(), database.client, { columns: columns as never })

      expect(make).toThrow(expect.objectContaining({ code: 'INVALID_ARGUMENT' }))
    },
  )

  it('quotes names', async () => {
    const [table, column] = kind === 'mariadb' ? ['`od"d t`', '`fi le`'] : ['"od""d t"', '"fi le"']
    await database.run(`CREATE TABLE ${table} (id int PRIMARY KEY, ${column} text)`)
    const columns = [...database.columns, { table: 'od"d t', column: 'fi le' }]
    await new Ledger(new DepotManager(), database.client, { columns }).install()

    await database.run(`INSERT INTO ${table} VALUES (1, ?)`, [valueOf('default/1')])
    expect(await refsIn(database)).toEqual({ 'default/1': 1 })
    await database.run(`UPDATE ${table} SET ${column} = ? WHERE id = 1`, [valueOf('default/2')])
    expect(await refsIn(database)).toEqual({ 'default/2': 1 })
    await database.run(`DELETE FROM ${table}`)
    expect(await refsIn(database)).toEqual({})
  })

  if (isOn('postgres')) {
    it('fails where a policy hides rows from it', async () => {
      const role = `filedepot_owner_${process.pid}`
      await database.run(`CREATE ROLE ${role}`)
      await ledger.install()
      await database.insert('a', valueOf('default/1'))
      await database.run('ALTER TABLE documents ENABLE ROW LEVEL SECURITY')
      await database.run('ALTER TABLE documents FORCE ROW LEVEL SECURITY')
      await database.run(`GRANT ALL ON SCHEMA public TO ${role}`)
      for (const table of ['documents', 'filedepot_files', 'filedepot_state'])
        await database.run(`ALTER TABLE ${table} OWNER TO ${role}`)
      const asOwner: LedgerClient = {
        database: 'postgres',
        session: (action) =>
          database.client.session(async (session) => {
            await session.query(`SET ROLE ${role}`)
            return await action(session).finally(() => session.query('RESET ROLE').catch(() => undefined))
          }),
      }
      const owned = new Ledger(new DepotManager(), asOwner, { columns: database.columns })

      await expect(owned.install({ recount: true })).rejects.toThrow('row-level security')

      expect(await refsIn(database)).toEqual({ 'default/1': 1 })
      await database.run(`DROP OWNED BY ${role} CASCADE`)
      await database.run(`DROP ROLE ${role}`)
    })

    it('lets nobody else use its functions', async () => {
      await ledger.install()

      const rights = await database.run(
        "SELECT proname FROM pg_proc WHERE proname ~ '^filedepot_[0-9a-f]{12}_' AND has_function_privilege('pg_monitor', oid, 'EXECUTE')",
      )

      expect(rights).toEqual([])
    })

    it('switches a disabled trigger on again', async () => {
      await ledger.install()
      await database.run('ALTER TABLE documents DISABLE TRIGGER filedepot_u')
      expect(await ledger.check()).toMatchObject({
        isReady: false,
        disabled: ['public.documents: filedepot_u'],
      })

      await ledger.install()

      expect((await ledger.check()).isReady).toBe(true)
    })

    it('sees that a user has made a trigger which changes the value', async () => {
      await ledger.install()
      await database.run(
        `CREATE FUNCTION change_file() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
          NEW.file = '{"files":["default/changed"]}'; RETURN NEW; END $$`,
      )
      await database.run(
        'CREATE TRIGGER change_file BEFORE UPDATE ON documents FOR EACH ROW EXECUTE FUNCTION change_file()',
      )
      expect((await ledger.check()).outdated).toEqual(['public.documents: filedepot_u'])
      await ledger.install()
      await database.insert('a', valueOf('default/1'))

      await database.run("UPDATE documents SET name = 'b' WHERE name = 'a'")

      expect(await refsIn(database)).toEqual({ 'default/changed': 1 })
    })
  }
})

if (isOn('postgres')) {
  it('counts anew what was written while triggers were disabled, also when they are enabled again', async () => {
    await ledger.install()
    await database.run('ALTER TABLE documents DISABLE TRIGGER ALL')
    await database.insert('unseen', valueOf('default/unseen'))
    await database.run('ALTER TABLE documents ENABLE TRIGGER ALL')

    expect((await ledger.check()).isReady).toBe(false)
    await expect(ledger.drain()).rejects.toMatchObject({ code: 'LEDGER_INCOMPLETE' })
    expect(await ledger.install()).toMatchObject({ repaired: 1 })
    expect((await ledger.check()).isReady).toBe(true)
  })
}

if (isOn('mariadb')) {
  it('refuses a table whose engine has no transactions: its rows stay when a statement is refused', async () => {
    await database.run('CREATE TABLE plain (id int PRIMARY KEY, file text) ENGINE = MyISAM')
    const columns = [{ table: 'plain', column: 'file' }]

    const installing = new Ledger(new DepotManager(), database.client, { columns }).install()

    await expect(installing).rejects.toMatchObject({
      code: 'INVALID_ARGUMENT',
      message: expect.stringContaining('ENGINE = InnoDB') as unknown,
    })
  })
}

describe('remove', () => {
  it('leaves nothing behind', async () => {
    await ledger.install()

    await ledger.remove()

    const query = {
      sqlite: "SELECT name FROM sqlite_master WHERE name LIKE '%filedepot%'",
      postgres:
        "SELECT relname FROM pg_class WHERE relname LIKE 'filedepot%' UNION ALL SELECT proname FROM pg_proc WHERE proname LIKE 'filedepot%' UNION ALL SELECT tgname FROM pg_trigger WHERE tgname LIKE 'filedepot%'",
      mariadb:
        "SELECT TABLE_NAME FROM information_schema.TABLES WHERE TABLE_SCHEMA = DATABASE() AND TABLE_NAME LIKE 'filedepot%' UNION ALL SELECT TRIGGER_NAME FROM information_schema.TRIGGERS WHERE TRIGGER_SCHEMA = DATABASE()",
    }[kind]
    expect(await database.run(query)).toEqual([])
    await database.insert('a', valueOf('default/1'))
  })
})
