const DATABASES = ['sqlite', 'postgres', 'mariadb']

/** The versions of TypeORM, and where each is installed. */
const VERSIONS = {
  '1.1': undefined,
  '0.3': '<rootDir>/node_modules/typeorm-0.3/index.mjs',
}

/** What is said of one of Jest's projects. */
export interface TypeormProject {
  displayName: string
  testMatch: string[]
  globals: { FILEDEPOT_TEST: { database: string; typeorm: string } }
  moduleNameMapper: Record<string, string>
  testEnvironment: string
  globalSetup?: string
  globalTeardown?: string
}

/**
 * One suite, run on every database with every version of TypeORM: a project of Jest for each pair. Filtered by
 * `FILEDEPOT_TEST_DATABASES=sqlite,postgres` and `FILEDEPOT_TEST_TYPEORM=1.1`.
 */
export function typeormProjects(): TypeormProject[] {
  const databases = chosen('FILEDEPOT_TEST_DATABASES', DATABASES)
  const versions = chosen('FILEDEPOT_TEST_TYPEORM', Object.keys(VERSIONS))
  return versions.flatMap((version) =>
    databases.map((database) => ({
      displayName: `typeorm ${version}, ${database}`,
      testMatch: ['<rootDir>/packages/typeorm/test/**/*.test.ts'],
      globals: { FILEDEPOT_TEST: { database, typeorm: version } },
      moduleNameMapper: mapperOf(version as keyof typeof VERSIONS),
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

function mapperOf(version: keyof typeof VERSIONS): Record<string, string> {
  const path = VERSIONS[version]
  return path === undefined ? {} : { '^typeorm$': path }
}
