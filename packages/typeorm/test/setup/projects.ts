import { chosen, DATABASES, isWide, USUAL_DATABASES } from '../../../../test/databases/chosen.ts'
import {
  databaseProject,
  withoutRows,
  type DatabaseProject,
} from '../../../../test/databases/jest-project.ts'

/** The versions of TypeORM, and where each is installed that is not the one of the package, and what it needs. */
const VERSIONS: Record<Version, Record<string, string>> = {
  '1.1': {},
  '0.3': {
    '^typeorm$': '<rootDir>/node_modules/typeorm-0.3/index.mjs',
    '^mongodb$': '<rootDir>/node_modules/mongodb-6/lib/index.js',
  },
}

/** Whose files the transactions are tried with, beside those of the memory: on one database, with one version. */
const STORAGES = ['local', 's3', 'gcs', 'gridfs']

const TESTS = '<rootDir>/packages/typeorm/test/'
/** The tests of entities on MongoDB, where everything is another. */
const MONGODB = `${TESTS}mongodb/`

type Version = '1.1' | '0.3'

/** What is said of one of Jest's projects. */
export interface TypeormProject extends DatabaseProject {
  displayName: string
  testMatch: string[]
  testPathIgnorePatterns: string[]
  globals: { FILEDEPOT_TEST: { database: string; typeorm: string; storage: string } }
  moduleNameMapper: Record<string, string>
}

/**
 * One suite, run on every SQL database with every version of TypeORM, and one on MongoDB: a project of Jest for each
 * pair. Filtered by `FILEDEPOT_TEST_DATABASES=sqlite,postgres` and `FILEDEPOT_TEST_TYPEORM=1.1`. The part of it that is
 * about transactions is run once more with each of the other storages, filtered by `FILEDEPOT_TEST_STORAGES=local,s3`.
 */
export function typeormProjects(): TypeormProject[] {
  const databases = chosen('FILEDEPOT_TEST_DATABASES', DATABASES, USUAL_DATABASES)
  const versions = chosen(
    'FILEDEPOT_TEST_TYPEORM',
    Object.keys(VERSIONS),
    isWide ? undefined : ['1.1'],
  ) as Version[]
  const storages = chosen(
    'FILEDEPOT_TEST_STORAGES',
    ['memory', ...STORAGES],
    isWide ? undefined : ['memory', 'local'],
  )
  const projects = versions.flatMap((version) =>
    databases.map((database) => projectOf(version, database, 'memory')),
  )
  const onSqlite = versions.includes('1.1') && databases.includes('sqlite')
  return [
    ...(storages.includes('memory') ? projects : []),
    ...storages
      .filter((storage) => onSqlite && storage !== 'memory')
      .map((storage) => projectOf('1.1', 'sqlite', storage)),
  ]
}

function projectOf(version: Version, database: string, storage: string): TypeormProject {
  const inMemory = storage === 'memory'
  const tests = database === 'mongodb' ? MONGODB : TESTS
  return {
    displayName: `typeorm ${version}, ${database}${inMemory ? '' : `, ${storage}`}`,
    testMatch: [`${tests}${inMemory ? '**/' : ''}*.test.ts`],
    testPathIgnorePatterns: ['/node_modules/', ...(database === 'mongodb' ? [] : [MONGODB])],
    globals: { FILEDEPOT_TEST: { database, typeorm: version, storage } },
    moduleNameMapper: { ...VERSIONS[version], ...withoutRows('typeorm') },
    ...databaseProject(database),
  }
}
