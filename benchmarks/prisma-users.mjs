// Users of Prisma with a file, in a database in memory of their own.
import { PrismaBetterSqlite3 } from '@prisma/adapter-better-sqlite3'
import { DepotManager, LocalBackend, UploadedFile } from '@filedepot/core'
import { filedepot } from '@filedepot/prisma'
import { build } from 'esbuild'
import { mkdtempSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'

const PRISMA = fileURLToPath(new URL('../prisma', import.meta.url))

const FOLDERS = {
  sqlite: { generated: 'sqlite', migrations: 'migrations' },
  postgres: { generated: 'postgresql', migrations: 'migrations-postgresql' },
}

/** The client that Prisma generates is TypeScript. Compiled once; beside node_modules, where it finds its runtime. */
const compiled = {}

/** The module that Prisma has generated for a kind of database. */
export async function loadClient(kind = 'sqlite') {
  compiled[kind] ??= (async () => {
    const cache = fileURLToPath(new URL('./node_modules/', import.meta.url))
    const outfile = join(mkdtempSync(join(cache, '.prisma-client-')), 'client.mjs')
    await build({
      entryPoints: [join(PRISMA, 'generated', FOLDERS[kind].generated, 'client.ts')],
      bundle: true,
      packages: 'external',
      format: 'esm',
      platform: 'node',
      outfile,
    })
    return await import(pathToFileURL(outfile).href)
  })()
  return await compiled[kind]
}

/** A database, and the client without any extension. */
export async function openPrisma() {
  const { PrismaClient } = await loadClient()
  const client = new PrismaClient({ adapter: new PrismaBetterSqlite3({ url: ':memory:' }) })
  for (const statement of migrations()) await client.$executeRawUnsafe(statement)
  return client
}

/** The same with filedepot, whose files go into a folder. */
export async function openPrismaWithDepot(folder) {
  const depot = new DepotManager()
  depot.configure('default', new LocalBackend(folder))
  const client = await openPrisma()
  return client.$extends(filedepot({ depot, models: { user: { avatar: UploadedFile } } }))
}

/** The same with an empty extension. */
export async function openPrismaExtended() {
  return (await openPrisma()).$extends({})
}

/** The same with an extension that does nothing, in the place of ours. */
export async function openPrismaShadowed() {
  const avatar = { needs: { avatar: true }, compute: (user) => user.avatar }
  return (await openPrisma()).$extends({ result: { user: { avatar } } })
}

/** The statements that make the tables. */
export function migrations(kind = 'sqlite') {
  const folder = join(PRISMA, FOLDERS[kind].migrations)
  return readdirSync(folder, { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .flatMap(({ name }) => readFileSync(join(folder, name, 'migration.sql'), 'utf8').split(/;\s*$/m))
    .filter((statement) => statement.trim() !== '')
}
