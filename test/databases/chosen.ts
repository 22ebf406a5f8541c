/** The databases that suites run on. */
export const DATABASES = ['sqlite', 'postgres', 'mariadb', 'mongodb']

/** Those of these names that a variable of the environment names, or all. */
export function chosen(variable: string, all: readonly string[]): string[] {
  const names = process.env[variable]?.split(',') ?? [...all]
  const unknown = names.find((name) => !all.includes(name))
  if (unknown !== undefined)
    throw new Error(`${variable}: expected some of ${all.join(', ')}, got "${unknown}"`)
  return names
}
