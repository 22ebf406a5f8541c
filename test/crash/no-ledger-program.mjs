// A program without an ORM and without a ledger that is killed: what it replaces and removes stays in the storage.
import { DepotManager, UploadedFile } from '@filedepot/core'
import { crashingBackend, runCrashProgram } from '@filedepot/testing/crash'
import { openBackend } from './open-backend.mjs'
import { connections } from './plain-connections.mjs'

await runCrashProgram(async ({ options: { database, storage }, points }) => {
  const depot = new DepotManager()
  depot.configure('default', crashingBackend(await openBackend(storage), points))
  const { transaction, end } = await connections[database.kind](database, points)
  const upload = async (content) => JSON.stringify(await depot.upload(UploadedFile.from(content)))
  const write = (file, name, last) =>
    transaction(
      (query) => query('update', 'UPDATE documents SET file = ? WHERE name = ?', [file, name]),
      last,
    )
  return {
    names: async () =>
      (await transaction((query) => query('select', 'SELECT name FROM documents'))).map(({ name }) => name),
    insert: async (name, content) => {
      const file = await upload(content)
      await transaction((query) =>
        query('insert', 'INSERT INTO documents (name, file) VALUES (?, ?)', [name, file]),
      )
    },
    replace: async (name, content) => write(await upload(content), name),
    remove: (name) => transaction((query) => query('delete', 'DELETE FROM documents WHERE name = ?', [name])),
    rollBack: async (name, content) => write(await upload(content), name, 'ROLLBACK'),
    close: async () => {
      await end()
      await depot.close()
    },
  }
})
