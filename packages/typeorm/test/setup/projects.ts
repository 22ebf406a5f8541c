const DATABASES = ['sqlite', 'postgres', 'mariadb', 'mongodb']

/** The versions of TypeORM, and where each is installed that is not the one of the package, and what it needs. */
const VERSIONS: Record<'1.1' | '0.3', Record<string, string>> = {
  '1.1': {},
  '0.3': {
    '^typeorm$': '<rootDir>/node_modules/typeorm-0.3/index.mjs',
    '^mongodb$': '<rootDir>/node_modules/mongodb-6/lib/index.js',
  },
}

/** The tests of entities on MongoDB, where everything is another. */
const MONGODB = '<rootDir>/packages/typeorm/test/mongodb/'

/** What is said of one of Jest's projects. */
export interface TypeormProject {
  displayName: string
  testMatch: string[]
  testPathIgnorePatterns: string[]
  globals: { FILEDEPOT_TEST: { database: string; typeorm: string } }
  moduleNameMapper: Record<string, string>
  testEnvironment: string
  globalSetup?: string
  globalTeardown?: string
}

/**
 * One suite, run on every SQL database with every version of TypeORM, and one on MongoDB: a project of Jest for each
 * pair. Filtered by
 * `FILEDEPOT_TEST_DATABASES=sqlite,postgres` and `FILEDEPOT_TEST_TYPEORM=1.1`.
 */
export function typeormProjects(): TypeormProject[] {
  const databases = chosen('FILEDEPOT_TEST_DATABASES', DATABASES)
  const versions = chosen('FILEDEPOT_TEST_TYPEORM', Object.keys(VERSIONS))
  return versions.flatMap((version) =>
    databases.map((database) => ({
      displayName: `typeorm ${version}, ${database}`,
      testMatch: [`${database === 'mongodb' ? MONGODB : '<rootDir>/packages/typeorm/test/'}**/*.test.ts`],
      testPathIgnorePatterns: ['/node_modules/', ...(database === 'mongodb' ? [] : [MONGODB])],
      globals: { FILEDEPOT_TEST: { database, typeorm: version } },
      moduleNameMapper: VERSIONS[version as keyof typeof VERSIONS],
      testEnvironment: '<rootDir>/packages/typeorm/test/setup/environment.mjs',
      ...(database === 'postgres' && {
        globalSetup: '<rootDir>/packages/typeorm/test/setup/start-postgres.mjs',
        globalTeardown: '<rootDir>/packages/typeorm/test/setup/stop-postgres.mjs',
      }),
    })),
  )
}

function chosen(variable: string, all: readonly string[]): string[] {
  const names = process.env[variable]?.split(',') ?? [...all]
  const unknown = names.find((name) => !all.includes(name))
  if (unknown !== undefined)
    throw new Error(`${variable}: expected some of ${all.join(', ')}, got "${unknown}"`)
  return names
}
