const SQLSTATE = /^[0-9A-Z]{5}$/
/** Connection, shutdown, system, internal: these come also if it has committed. */
const NO_ANSWER = /^(?:08|57P|58|XX)/

/**
 * True if an error is the database's own no, so that what it was asked to do has surely not been done. A lost
 * connection, or a time-out of the driver, leaves open what the server did.
 *
 * @param sqlState of the error, `40001` for example
 *
 * @example
 * ```ts
 * import { isAnswerOfPostgres } from '@filedepot/core/integration'
 *
 * isAnswerOfPostgres('40001') // true: a serialization failure
 * isAnswerOfPostgres('57P01') // false: the server has ended the connection
 * isAnswerOfPostgres('ECONNRESET') // false
 * ```
 *
 * @see https://www.postgresql.org/docs/current/errcodes-appendix.html
 */
export function isAnswerOfPostgres(sqlState: unknown): boolean {
  return typeof sqlState === 'string' && SQLSTATE.test(sqlState) && !NO_ANSWER.test(sqlState)
}

/** From here on numbers of errors are the drivers' own. */
const DRIVER_ERRORS = 45_000
/** An error during COMMIT, whose outcome is unknown. */
const ERROR_DURING_COMMIT = 1180

/**
 * The same for MySQL and MariaDB.
 *
 * @param errorNumber of the error, 1213 for example
 *
 * @example
 * ```ts
 * import { isAnswerOfMysql } from '@filedepot/core/integration'
 *
 * isAnswerOfMysql(1213) // true: the victim of a deadlock
 * isAnswerOfMysql(45_009) // false: the driver has lost its connection
 * ```
 *
 * @see https://mariadb.com/kb/en/mariadb-error-code-reference/
 */
export function isAnswerOfMysql(errorNumber: unknown): boolean {
  return typeof errorNumber === 'number' && errorNumber < DRIVER_ERRORS && errorNumber !== ERROR_DURING_COMMIT
}
