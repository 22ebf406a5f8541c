// A program without an ORM and without a ledger that is killed: what it replaces and removes stays in the storage.
import { DepotManager, UploadedFile } from '@filedepot/core'
import { crashingBackend, runCrashProgram } from '@filedepot/testing/crash'
import { openBackend } from './open-backend.mjs'
import { connections } from './plain-connections.mjs'
import { plainRows } from './plain-rows.mjs'

await runCrashProgram(async ({ options: { database, storage }, points }) => {
  const depot = new DepotManager()
  depot.configure('default', crashingBackend(await openBackend(storage), points))
  const { transaction, end } = await connections[database.kind](database, points)
  const upload = async (content) => JSON.stringify(await depot.upload(UploadedFile.from(content)))
  return {
    ...plainRows(transaction, upload),
    close: async () => {
      await end()
      await depot.close()
    },
  }
})
