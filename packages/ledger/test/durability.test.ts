import { afterEach, beforeEach, describe, expect, it } from '@jest/globals'
import { DepotManager, MemoryBackend } from '@filedepot/core'
import { Ledger, type LedgerClient, type LedgerSession } from '@filedepot/ledger'
import { isOn, kind } from '../../../test/databases/database-kind.ts'
import { documents, type DocumentsDatabase } from './support/documents.ts'
import { pathIn, store } from './support/stored-files.ts'

let database: DocumentsDatabase
let depot: DepotManager

beforeEach(async () => {
  database = await documents()
  depot = new DepotManager()
  depot.configure('default', new MemoryBackend())
})

afterEach(async () => {
  await depot.close()
  await database.close()
})

/** How safe the commit of a mark is, as the database says in the moment of the commit. */
const LEVEL = isOn('postgres')
  ? "SELECT current_setting('synchronous_commit') AS level"
  : 'PRAGMA synchronous'

/** A client whose sessions have a setting, and that looks at it whenever files are marked as gone. */
function watched(setting: string, levels: unknown[]): LedgerClient {
  const watch = (session: LedgerSession): LedgerSession => ({
    async query(sql, parameters) {
      const rows = await session.query(sql, parameters)
      if (/^(UPDATE|INSERT INTO) \S*filedepot_files\b.*gone/s.test(sql) && rows.length > 0)
        levels.push(...(await session.query(LEVEL)).flatMap((row) => Object.values(row)))
      return rows
    },
  })
  return {
    database: database.client.database,
    session: (action) =>
      database.client.session(async (session) => {
        await session.query(setting)
        return await action(watch(session))
      }),
  }
}

const [LOOSE, STRICT, STRICTER] = {
  postgres: ['SET synchronous_commit = off', 'SET synchronous_commit = local', 'local'],
  sqlite: ['PRAGMA synchronous = NORMAL', 'PRAGMA synchronous = EXTRA', 3],
  mariadb: [],
}[kind] as [string, string, unknown]

// MariaDB has one setting for all connections.
if (!isOn('mariadb')) {
  describe('what is marked as gone', () => {
    it('is on the disk before the file is deleted, whatever the setting of the connection', async () => {
      const levels: unknown[] = []
      const ledger = new Ledger(depot, watched(LOOSE, levels), { columns: database.columns })
      await ledger.install()
      await database.insert('a', await store(depot, 'a'))
      await database.run('DELETE FROM documents')

      expect(await ledger.drain()).toMatchObject({ deleted: 1 })
      expect(await ledger.settleUploads([pathIn(await store(depot, 'b'))])).toMatchObject({ deleted: 1 })

      expect(levels).toEqual(isOn('postgres') ? ['on', 'on'] : [2, 2])
      const [after] = await database.client.session((session) => session.query(LEVEL))
      expect(Object.values(after ?? {})).toEqual([isOn('postgres') ? expect.any(String) : 1])
    })

    it('is as safe as a setting that the user has chosen', async () => {
      const levels: unknown[] = []
      const ledger = new Ledger(depot, watched(STRICT, levels), { columns: database.columns })
      await ledger.install()
      await database.insert('a', await store(depot, 'a'))
      await database.run('DELETE FROM documents')

      expect(await ledger.drain()).toMatchObject({ deleted: 1 })

      expect(levels).toEqual([STRICTER])
    })
  })
}
