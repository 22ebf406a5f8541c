const DATABASES = ['sqlite', 'postgres', 'mariadb']

/** The versions of TypeORM, and where each is installed. */
const VERSIONS = {
  '1.1': undefined,
  '0.3': '<rootDir>/node_modules/typeorm-0.3/index.mjs',
}

/** Whose files the transactions are tried with, beside those of the memory: on one database, with one version. */
const STORAGES = ['local', 's3', 'gcs', 'gridfs']

/** What is said of one of Jest's projects. */
export interface TypeormProject {
  displayName: string
  testMatch: string[]
  globals: { FILEDEPOT_TEST: { database: string; typeorm: string; storage: string } }
  moduleNameMapper: Record<string, string>
  testEnvironment: string
  globalSetup?: string
  globalTeardown?: string
}

/**
 * One suite, run on every database with every version of TypeORM: a project of Jest for each pair. Filtered by
 * `FILEDEPOT_TEST_DATABASES=sqlite,postgres` and `FILEDEPOT_TEST_TYPEORM=1.1`. The part of it that is about transactions
 * is run once more with each of the other storages, filtered by `FILEDEPOT_TEST_STORAGES=local,s3`.
 */
export function typeormProjects(): TypeormProject[] {
  const databases = chosen('FILEDEPOT_TEST_DATABASES', DATABASES)
  const versions = chosen('FILEDEPOT_TEST_TYPEORM', Object.keys(VERSIONS)) as (keyof typeof VERSIONS)[]
  const storages = chosen('FILEDEPOT_TEST_STORAGES', ['memory', ...STORAGES])
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

function projectOf(version: keyof typeof VERSIONS, database: string, storage: string): TypeormProject {
  const tests = '<rootDir>/packages/typeorm/test'
  const inMemory = storage === 'memory'
  return {
    displayName: `typeorm ${version}, ${database}${inMemory ? '' : `, ${storage}`}`,
    testMatch: [inMemory ? `${tests}/**/*.test.ts` : `${tests}/*.test.ts`],
    globals: { FILEDEPOT_TEST: { database, typeorm: version, storage } },
    moduleNameMapper: mapperOf(version),
    testEnvironment: `${tests}/setup/environment.mjs`,
    ...(database === 'postgres' && {
      globalSetup: `${tests}/setup/start-postgres.mjs`,
      globalTeardown: `${tests}/setup/stop-postgres.mjs`,
    }),
  }
}

function chosen(variable: string, all: readonly string[]): string[] {
  const names = process.env[variable]?.split(',') ?? [...all]
  const unknown = names.find((name) => !all.includes(name))
  if (unknown !== undefined)
    throw new Error(`${variable}: expected some of ${all.join(', ')}, got "${unknown}"`)
  return names
}

function mapperOf(version: keyof typeof VERSIONS): Record<string, string> {
  const path = VERSIONS[version]
  return path === undefined ? {} : { '^typeorm$': path }
}
