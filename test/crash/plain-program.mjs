// A program without an ORM that is killed: it uploads files and writes their JSON by pg, mysql2 or better-sqlite3.
import { DepotManager, UploadedFile } from '@filedepot/core'
import { Ledger } from '@filedepot/ledger'
import { crashingBackend, crashingClient, runCrashProgram } from '@filedepot/testing/crash'
import { openBackend } from './open-backend.mjs'
import { connections } from './plain-connections.mjs'
import { plainRows } from './plain-rows.mjs'

await runCrashProgram(async ({ options: { database, storage }, points }) => {
  const depot = new DepotManager()
  depot.configure('default', crashingBackend(await openBackend(storage), points))
  const { client, transaction, end } = await connections[database.kind](database, points)
  const columns = [{ table: 'documents', column: 'file' }]
  const ledger = new Ledger(depot, crashingClient(client, points), { columns })
  const upload = async (content) => JSON.stringify(await depot.upload(UploadedFile.from(content)))
  return {
    ...plainRows(transaction, upload),
    drain: () => ledger.drain(),
    close: async () => {
      await end()
      await depot.close()
    },
  }
})
