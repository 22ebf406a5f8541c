import { chosen, DATABASES, USUAL_DATABASES } from '../../../../test/databases/chosen.ts'
import { databaseProject, type DatabaseProject } from '../../../../test/databases/jest-project.ts'

/** What is said of one of Jest's projects. */
export interface LedgerProject extends DatabaseProject {
  displayName: string
  testMatch: string[]
  testPathIgnorePatterns: string[]
  globals: { FILEDEPOT_TEST: { database: string } }
}

/** One suite, run on every SQL database: a project of Jest for each. Filtered by `FILEDEPOT_TEST_DATABASES=sqlite`. */
export function ledgerProjects(): LedgerProject[] {
  return chosen('FILEDEPOT_TEST_DATABASES', DATABASES, USUAL_DATABASES)
    .filter((database) => database !== 'mongodb')
    .map((database) => ({
      displayName: `ledger, ${database}`,
      testMatch: ['<rootDir>/packages/ledger/test/**/*.test.ts', '<rootDir>/test/crash/*.test.ts'],
      // What only one database has.
      testPathIgnorePatterns: [
        '/node_modules/',
        ...(database === 'postgres' ? [] : ['/ledger/test/postgres/']),
        ...(database === 'mariadb' ? ['/ledger/test/durability.test.ts'] : []),
      ],
      globals: { FILEDEPOT_TEST: { database } },
      ...databaseProject(database),
    }))
}
