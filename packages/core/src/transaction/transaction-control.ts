/** The databases whose SQL differs in what ends a transaction. */
export type SqlFamily = 'postgres' | 'mysql' | 'sqlite' | 'other'

/** What a statement does to the transaction in which it runs. */
export type TransactionControl = 'begin' | 'commit' | 'rollback' | 'rollbackToSavepoint' | 'implicitCommit'

const BEGIN = /^\s*(?:BEGIN|START\s+TRANSACTION)\b/i
/** A prepared transaction goes on without its connection. */
const COMMIT = /^\s*(?:COMMIT|END|PREPARE\s+TRANSACTION)\b/i
const ROLLBACK = /^\s*(?:ROLLBACK|ABORT)\b/i
const TO_SAVEPOINT = /^\s*ROLLBACK\s+(?:WORK\s+|TRANSACTION\s+)?TO\b/i
/** Statements of MySQL and MariaDB that commit what is open; a procedure may hold one. */
const IMPLICIT =
  /^\s*(?:ALTER|ANALYZE|BEGIN|CALL|CREATE(?!\s+TEMPORARY)|DROP(?!\s+TEMPORARY)|FLUSH|GRANT|LOCK|OPTIMIZE|RENAME|REPAIR|REVOKE|SET\s+(?:PASSWORD|AUTOCOMMIT)|START\s+TRANSACTION|TRUNCATE|UNLOCK)\b/i

/**
 * What the text of a statement says of its transaction. What a procedure does is not seen.
 *
 * @example
 * ```ts
 * import { transactionControlOf } from '@filedepot/core'
 *
 * transactionControlOf('mysql', 'TRUNCATE photos') // 'implicitCommit'
 * transactionControlOf('postgres', 'TRUNCATE photos') // undefined
 * ```
 *
 * @see https://mariadb.com/kb/en/sql-statements-that-cause-an-implicit-commit/
 */
export function transactionControlOf(family: SqlFamily, statement: string): TransactionControl | undefined {
  if (COMMIT.test(statement)) return 'commit'
  if (TO_SAVEPOINT.test(statement)) return 'rollbackToSavepoint'
  if (ROLLBACK.test(statement)) return 'rollback'
  if (family === 'mysql' && IMPLICIT.test(statement)) return 'implicitCommit'
  return BEGIN.test(statement) ? 'begin' : undefined
}
