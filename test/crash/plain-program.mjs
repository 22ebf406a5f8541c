// A program without an ORM that is killed: it uploads files and writes their JSON by pg, mysql2 or better-sqlite3.
import { DepotManager, UploadedFile } from '@filedepot/core'
import { Ledger } from '@filedepot/ledger'
import { crashingBackend, crashingClient, runCrashProgram } from '@filedepot/testing/crash'
import { openBackend } from './open-backend.mjs'
import { connections } from './plain-connections.mjs'

await runCrashProgram(async ({ options: { database, storage }, points }) => {
  const depot = new DepotManager()
  depot.configure('default', crashingBackend(await openBackend(storage), points))
  const { client, transaction, end } = await connections[database.kind](database, points)
  const columns = [{ table: 'documents', column: 'file' }]
  const ledger = new Ledger(depot, crashingClient(client, points), { columns })
  const upload = async (content) => JSON.stringify(await depot.upload(UploadedFile.from(content)))
  return {
    names: async () =>
      (await transaction((query) => query('select', 'SELECT name FROM documents'))).map(({ name }) => name),
    insert: async (name, content) => {
      const file = await upload(content)
      await transaction((query) =>
        query('insert', 'INSERT INTO documents (name, file) VALUES (?, ?)', [name, file]),
      )
    },
    replace: async (name, content) => {
      const file = await upload(content)
      await transaction((query) =>
        query('update', 'UPDATE documents SET file = ? WHERE name = ?', [file, name]),
      )
    },
    remove: (name) => transaction((query) => query('delete', 'DELETE FROM documents WHERE name = ?', [name])),
    rollBack: async (name, content) => {
      const file = await upload(content)
      await transaction(
        (query) => query('undo', 'UPDATE documents SET file = ? WHERE name = ?', [file, name]),
        'ROLLBACK',
      )
    },
    drain: () => ledger.drain(),
    close: async () => {
      await end()
      await depot.close()
    },
  }
})
