import { isAnswerOfMysql, isAnswerOfPostgres, type SqlFamily } from '@filedepot/core/integration'

interface DriverError {
  readonly code?: unknown
  readonly errno?: unknown
  readonly fatal?: unknown
}

/**
 * True if the database itself said no, so that a failed COMMIT has surely failed. A lost connection and a time-out
 * of the driver leave open what the server did.
 */
export function isAnswer(family: SqlFamily, error: unknown): boolean {
  const { code, errno, fatal } = (error ?? {}) as DriverError
  if (family === 'postgres') return isAnswerOfPostgres(code)
  if (family === 'mysql') return isAnswerOfMysql(errno) && fatal !== true
  return true
}

/** True if the connection is gone, and with it every transaction that was not committed. */
export function isConnectionLost(family: SqlFamily, error: unknown): boolean {
  return family === 'mysql' && (error as DriverError | undefined)?.fatal === true
}

/** True for the victim of a deadlock. MySQL and MariaDB have rolled back its whole transaction at once. */
export function isDeadlock(family: SqlFamily, error: unknown): boolean {
  const { code, errno } = (error ?? {}) as DriverError
  return family === 'mysql' ? errno === 1213 : family === 'postgres' && code === '40P01'
}
