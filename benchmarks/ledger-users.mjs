// Users of Prisma with a file, in a database with the triggers of a ledger.
import { PrismaBetterSqlite3 } from '@prisma/adapter-better-sqlite3'
import { PrismaPg } from '@prisma/adapter-pg'
import { DepotManager, LocalBackend, UploadedFile } from '@filedepot/core'
import { filedepot, ledgerOf } from '@filedepot/prisma'
import { openDatabase } from './databases.mjs'
import { emptyFolder } from './harness.mjs'
import { loadClient, migrations } from './prisma-users.mjs'

const MODELS = { user: { avatar: UploadedFile } }

/** A client on tables with triggers; extended, or one that a program with files by hand uses. */
export async function openPrismaOn(kind, scratch, { extended }) {
  const folder = scratch.folder()
  const depot = new DepotManager()
  depot.configure('default', new LocalBackend(folder))
  const database = await openDatabase(kind, scratch.folder())
  const { PrismaClient } = await loadClient(kind)
  const adapter =
    kind === 'sqlite'
      ? new PrismaBetterSqlite3({ url: `file:${database.path}` })
      : new PrismaPg({ connectionString: database.url })
  const client = new PrismaClient({ adapter })
  if (kind === 'sqlite') {
    await client.$queryRawUnsafe('PRAGMA journal_mode = WAL')
    await client.$queryRawUnsafe('PRAGMA synchronous = NORMAL')
  }
  for (const statement of migrations(kind)) await client.$executeRawUnsafe(statement)
  const withLedger = client.$extends(filedepot({ depot, models: MODELS, ledger: true }))
  const ledger = ledgerOf(withLedger)
  await ledger.install()
  const used = extended ? withLedger : client
  return {
    folder,
    user: used.user,
    isExtended: extended,
    /** The end of a batch: what rows have given up is gone. */
    settle: async () => void (extended && (await ledger.drain())),
    async clear() {
      await client.user.deleteMany()
      await client.$executeRawUnsafe('DELETE FROM filedepot_files')
      emptyFolder(folder)
    },
    async close() {
      await depot.close()
      await client.$disconnect()
      await database.drop()
    },
  }
}
