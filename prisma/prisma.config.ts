import { defineConfig } from 'prisma/config'

/** The schema and the migrations of each database, by the protocol of its URL. */
const OF_DATABASE: Record<string, { schema: string; migrations: string }> = {
  'file:': { schema: 'schema.prisma', migrations: 'migrations' },
  'postgres:': { schema: 'generated/postgresql.prisma', migrations: 'migrations-postgresql' },
  'postgresql:': { schema: 'generated/postgresql.prisma', migrations: 'migrations-postgresql' },
  'mysql:': { schema: 'generated/mysql.prisma', migrations: 'migrations-mysql' },
}

const url = process.env.DATABASE_URL ?? 'file:./dev.db'
const database = OF_DATABASE[new URL(url).protocol]
if (!database) throw new Error(`DATABASE_URL: expected a URL of ${Object.keys(OF_DATABASE).join(', ')}`)

/** `npx prisma migrate deploy --config prisma/prisma.config.ts` makes the tables in the database of `DATABASE_URL`. */
export default defineConfig({
  schema: database.schema,
  migrations: { path: database.migrations },
  datasource: { url },
})
