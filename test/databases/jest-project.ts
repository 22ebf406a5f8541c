const FOLDER = '<rootDir>/test/databases/'

/** What one of Jest's projects needs for its database. */
export interface DatabaseProject {
  testEnvironment: string
  globalSetup?: string
  globalTeardown?: string
}

/** Its tests are skipped where the database is not there. Projects on PostgreSQL share one server. */
export function databaseProject(database: string): DatabaseProject {
  return {
    testEnvironment: `${FOLDER}environment.mjs`,
    ...(database === 'postgres' && {
      globalSetup: `${FOLDER}start-postgres.mjs`,
      globalTeardown: `${FOLDER}stop-postgres.mjs`,
    }),
  }
}

/** With `FILEDEPOT_TEST_WITHOUT_ROWS=1`, the tests get the copy of a package that `scripts/check-without-rows.mjs` makes. */
export function withoutRows(name: 'typeorm' | 'prisma'): Record<string, string> {
  if (process.env.FILEDEPOT_TEST_WITHOUT_ROWS !== '1') return {}
  return { [`^@filedepot/${name}$`]: `<rootDir>/packages/${name}/.without-rows/src/index.ts` }
}
