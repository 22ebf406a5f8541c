import { kind } from '../../../../test/databases/database-kind.ts'

const PROVIDERS = { sqlite: 'sqlite', postgres: 'postgresql', mariadb: 'mysql' }

/** All have the types of the one for SQLite, which the others have, too. */
type Generated = typeof import('../../../../prisma/generated/sqlite/client.ts')

/** The client that was generated for the database of the suite. */
export const { PrismaClient, Prisma } = (await import(
  `../../../../prisma/generated/${PROVIDERS[kind]}/client.ts`
)) as Generated

/** Without the extension. */
export type BaseClient = import('../../../../prisma/generated/sqlite/client.ts').PrismaClient
