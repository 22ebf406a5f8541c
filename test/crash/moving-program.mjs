// A program that moves files to another storage, and that a test kills. It writes a line with what it has done so far.
import { DepotManager } from '@filedepot/core'
import { Ledger } from '@filedepot/ledger'
import { openBackend } from './open-backend.mjs'
import { connections } from './plain-connections.mjs'

const { database, storages, from, to } = JSON.parse(process.env.FILEDEPOT_MOVE)
const depot = new DepotManager()
for (const [name, place] of Object.entries(storages)) depot.configure(name, await openBackend(place))
const { client, end } = await connections[database.kind](database, { around: (_, action) => action() })
const ledger = new Ledger(depot, client, { columns: [{ table: 'documents', column: 'file' }] })
const say = (what) => process.stdout.write(`${JSON.stringify(what)}\n`)
let last = -1

const report = await ledger.moveFiles({
  from,
  to,
  onProgress({ changed }) {
    if (changed !== last) say({ changed })
    last = changed
  },
})
say({ report })
await end()
await depot.close()
