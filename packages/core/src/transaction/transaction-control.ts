/** The databases whose SQL differs in what ends a transaction. */
export type SqlFamily = 'postgres' | 'mysql' | 'sqlite' | 'other'

/** What a statement does to the transaction in which it runs. */
export type TransactionControl = 'begin' | 'commit' | 'rollback' | 'rollbackToSavepoint' | 'implicitCommit'

/** Asked first: nearly all statements are none of these, and each is asked about. */
const CONTROL = /^\s*(?:ABORT|BEGIN|COMMIT|END|PREPARE|ROLLBACK|START)\b/i
/** A prepared transaction goes on without its connection. */
const COMMIT = /^\s*(?:COMMIT|END|PREPARE\s+TRANSACTION)\b/i
const BEGIN = /^\s*(?:BEGIN|START\s+TRANSACTION)\b/i
const TO_SAVEPOINT = /^\s*ROLLBACK\s+(?:WORK\s+|TRANSACTION\s+)?TO\b/i
const ROLLBACK = /^\s*(?:ROLLBACK|ABORT)\b/i
/** Other statements of MySQL and MariaDB that commit what is open; a procedure may hold one. */
const IMPLICIT =
  /^\s*(?:ALTER|ANALYZE|CALL|CREATE(?!\s+TEMPORARY)|DROP(?!\s+TEMPORARY)|FLUSH|GRANT|LOCK|OPTIMIZE|RENAME|REPAIR|REVOKE|SET\s+(?:PASSWORD|AUTOCOMMIT)|TRUNCATE|UNLOCK)\b/i

/**
 * What the text of a statement says of its transaction. What a procedure does is not seen.
 *
 * @example
 * ```ts
 * import { transactionControlOf } from '@filedepot/core/integration'
 *
 * transactionControlOf('mysql', 'TRUNCATE photos') // 'implicitCommit'
 * transactionControlOf('postgres', 'TRUNCATE photos') // undefined
 * ```
 *
 * @see https://mariadb.com/kb/en/sql-statements-that-cause-an-implicit-commit/
 */
export function transactionControlOf(family: SqlFamily, statement: string): TransactionControl | undefined {
  const isMysql = family === 'mysql'
  if (!CONTROL.test(statement)) return isMysql && IMPLICIT.test(statement) ? 'implicitCommit' : undefined
  if (COMMIT.test(statement)) return 'commit'
  if (BEGIN.test(statement)) return isMysql ? 'implicitCommit' : 'begin'
  if (TO_SAVEPOINT.test(statement)) return 'rollbackToSavepoint'
  return ROLLBACK.test(statement) ? 'rollback' : undefined
}
