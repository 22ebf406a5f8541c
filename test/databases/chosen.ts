/** The databases that suites run on. */
export const DATABASES = ['sqlite', 'postgres', 'mariadb', 'mongodb']

/** True in CI, and for whoever says `CI=true npm test`: everything runs, and what needs a server fails without it. */
export const isWide = Boolean(process.env.CI)

/** The databases that need no set-up: SQLite, the PostgreSQL of npm, the MongoDB of the tests, and MariaDB if it is named. */
export const USUAL_DATABASES = isWide
  ? DATABASES
  : DATABASES.filter((database) => database !== 'mariadb' || process.env.FILEDEPOT_TEST_MYSQL_URL)

/**
 * Those of these names that a variable of the environment names, or the usual ones.
 *
 * @param usual the names if the variable is not set. @default all
 */
export function chosen(variable: string, all: readonly string[], usual = all): string[] {
  const names = process.env[variable]?.split(',') ?? [...usual]
  const unknown = names.find((name) => !all.includes(name))
  if (unknown !== undefined)
    throw new Error(`${variable}: expected some of ${all.join(', ')}, got "${unknown}"`)
  return names
}
