import type { DatabaseFamily } from './data-source-of.ts'

/** What a statement does to the transaction in which it runs. */
export type TransactionControl = 'commit' | 'rollback' | 'implicitCommit'

const COMMIT = /^\s*(?:COMMIT|END)\b/i
const ROLLBACK = /^\s*(?:ROLLBACK|ABORT)\b/i
/** Statements of MySQL and MariaDB that commit what is open; a procedure may hold one. */
const IMPLICIT =
  /^\s*(?:ALTER|ANALYZE|BEGIN|CALL|CREATE(?!\s+TEMPORARY)|DROP(?!\s+TEMPORARY)|FLUSH|GRANT|LOCK|OPTIMIZE|RENAME|REPAIR|REVOKE|SET\s+(?:PASSWORD|AUTOCOMMIT)|START\s+TRANSACTION|TRUNCATE|UNLOCK)\b/i

/**
 * What the text of a statement says of its transaction.
 *
 * @see https://mariadb.com/kb/en/sql-statements-that-cause-an-implicit-commit/
 */
export function controlOf(family: DatabaseFamily, query: string): TransactionControl | undefined {
  if (COMMIT.test(query)) return 'commit'
  if (ROLLBACK.test(query)) return 'rollback'
  return family === 'mysql' && IMPLICIT.test(query) ? 'implicitCommit' : undefined
}

interface DriverError {
  readonly code?: unknown
  readonly errno?: unknown
  readonly fatal?: unknown
}

/**
 * True where the database itself said no, so that a failed COMMIT has surely failed. A lost connection and a time-out
 * of the driver leave open what the server did.
 */
export function isAnswer(family: DatabaseFamily, error: unknown): boolean {
  const { code, errno, fatal } = (error ?? {}) as DriverError
  if (family === 'postgres') {
    // Classes 08 (connection), 57P (shutdown), 58 (system) and XX (internal) come also where it has committed.
    return typeof code === 'string' && /^[0-9A-Z]{5}$/.test(code) && !/^(?:08|57P|58|XX)/.test(code)
  }
  // 1180 is an error during COMMIT, of which nobody knows how far it came.
  if (family === 'mysql') return typeof errno === 'number' && errno !== 1180 && fatal !== true
  return true
}

/** True where the connection is gone, and with it every transaction that was not committed. */
export function isConnectionLost(family: DatabaseFamily, error: unknown): boolean {
  return family === 'mysql' && (error as DriverError | undefined)?.fatal === true
}

/** True for the victim of a deadlock. MySQL and MariaDB have rolled back its whole transaction at once. */
export function isDeadlock(family: DatabaseFamily, error: unknown): boolean {
  const { code, errno } = (error ?? {}) as DriverError
  return family === 'mysql' ? errno === 1213 : family === 'postgres' && code === '40P01'
}
