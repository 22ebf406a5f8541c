import { chosen, DATABASES, USUAL_DATABASES } from '../../../../test/databases/chosen.ts'
import {
  databaseProject,
  withoutRows,
  type DatabaseProject,
} from '../../../../test/databases/jest-project.ts'

/** What is said of one of Jest's projects. */
export interface PrismaProject extends DatabaseProject {
  displayName: string
  testMatch: string[]
  globals: { FILEDEPOT_TEST: { database: string } }
  moduleNameMapper: Record<string, string>
}

/** One suite, run on every SQL database: a project of Jest for each. Filtered by `FILEDEPOT_TEST_DATABASES=sqlite`. */
export function prismaProjects(): PrismaProject[] {
  return chosen('FILEDEPOT_TEST_DATABASES', DATABASES, USUAL_DATABASES)
    .filter((database) => database !== 'mongodb')
    .map((database) => ({
      displayName: `prisma, ${database}`,
      testMatch: ['<rootDir>/packages/prisma/test/**/*.test.ts'],
      globals: { FILEDEPOT_TEST: { database } },
      moduleNameMapper: withoutRows('prisma'),
      ...databaseProject(database),
    }))
}
