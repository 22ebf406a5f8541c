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
