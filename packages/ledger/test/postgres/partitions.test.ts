import { afterEach, beforeEach, describe, expect, it } from '@jest/globals'
import { DepotManager } from '@filedepot/core'
import { Ledger } from '@filedepot/ledger'
import { refsIn, valueOf } from '../support/books.ts'
import { documents, type DocumentsDatabase } from '../support/documents.ts'

let database: DocumentsDatabase
let ledger: Ledger

beforeEach(async () => {
  database = await documents()
  await database.run('CREATE TABLE parts (id int, kind text, file text) PARTITION BY LIST (kind)')
  await database.run("CREATE TABLE parts_a PARTITION OF parts FOR VALUES IN ('a')")
  ledger = new Ledger(new DepotManager(), database.client, {
    columns: [...database.columns, { table: 'parts', column: 'file' }],
  })
  await ledger.install()
})

afterEach(() => database.close())

describe('partitions', () => {
  it('need no installation if they are made as such', async () => {
    await database.run("CREATE TABLE parts_b PARTITION OF parts FOR VALUES IN ('b')")
    await database.run('ALTER TABLE parts ADD COLUMN note text')
    await database.run("INSERT INTO parts VALUES (1, 'b', ?)", [valueOf('default/1')])

    expect(await ledger.check()).toMatchObject({ isReady: true, uncounted: [] })
    expect(await refsIn(database)).toEqual({ 'default/1': 1 })
  })

  it.each(['in a transaction of its own', 'in the transaction that made it'])(
    'that were attached %s are counted before anything is deleted',
    async (when) => {
      const isOne = when.includes('made')
      await database.onConnection(async (run) => {
        if (isOne) await run('BEGIN')
        await run('CREATE TABLE parts_b (id int, kind text, file text)')
        await run("INSERT INTO parts_b VALUES (1, 'b', ?)", [valueOf('default/1')])
        await run("ALTER TABLE parts ATTACH PARTITION parts_b FOR VALUES IN ('b')")
        if (isOne) await run('COMMIT')
      })
      const check = await ledger.check()
      expect(check).toMatchObject({ isReady: false, isCounted: false, missing: [], disabled: [] })
      expect(check.uncounted).toContain('public.parts_b: filedepot_i')
      await expect(ledger.drain()).rejects.toMatchObject({
        code: 'LEDGER_INCOMPLETE',
        message: expect.stringContaining('public.parts_b') as unknown,
      })

      expect(await ledger.install()).toMatchObject({ created: [], repaired: 1 })

      expect(await refsIn(database)).toEqual({ 'default/1': 1 })
      expect(await ledger.check()).toMatchObject({ isReady: true, uncounted: [] })
    },
  )

  it('whose triggers are disabled are seen', async () => {
    await database.run('ALTER TABLE parts_a DISABLE TRIGGER filedepot_i')
    await database.run("INSERT INTO parts VALUES (1, 'a', ?)", [valueOf('default/1')])
    expect(await ledger.check()).toMatchObject({
      isReady: false,
      disabled: ['public.parts_a: filedepot_i'],
    })

    expect(await ledger.install()).toMatchObject({ repaired: 1 })

    expect((await ledger.check()).isReady).toBe(true)
    await database.run("INSERT INTO parts VALUES (2, 'a', ?)", [valueOf('default/1')])
    expect(await refsIn(database)).toEqual({ 'default/1': 2 })
  })

  it.each(['TRUNCATE parts_a', 'DROP TABLE parts_a', 'ALTER TABLE parts DETACH PARTITION parts_a'])(
    '%s takes nothing from the counts before they are made anew',
    async (statement) => {
      await database.run("INSERT INTO parts VALUES (1, 'a', ?)", [valueOf('default/1')])

      await database.run(statement)

      expect(await ledger.install()).toMatchObject({ repaired: 0 })
      expect(await refsIn(database)).toEqual({ 'default/1': 1 })
      expect(await ledger.install({ recount: true })).toMatchObject({ repaired: 1 })
      expect(await refsIn(database)).toEqual({})
    },
  )

  it('are made by the owner of the table, and by nobody else are its functions used', async () => {
    const role = `filedepot_parts_${process.pid}`
    await database.run(`CREATE ROLE ${role}`)
    try {
      await database.run(`GRANT ALL ON SCHEMA public TO ${role}`)
      await database.run(`ALTER TABLE parts OWNER TO ${role}`)
      await ledger.install()
      await database.onConnection(async (run) => {
        await run(`SET ROLE ${role}`)
        await run("CREATE TABLE parts_b PARTITION OF parts FOR VALUES IN ('b')")
        await run("INSERT INTO parts VALUES (1, 'b', ?)", [valueOf('default/1')])
      })

      expect(await refsIn(database)).toEqual({ 'default/1': 1 })
      const rights = await database.run(
        "SELECT proname FROM pg_proc WHERE proname ~ '^filedepot_[0-9a-f]{12}_' AND has_function_privilege('pg_monitor', oid, 'EXECUTE')",
      )
      expect(rights).toEqual([])
    } finally {
      await database.run(`DROP OWNED BY ${role} CASCADE`)
      await database.run(`DROP ROLE ${role}`)
    }
  })
})
