import { isAnswerOfMysql, isAnswerOfPostgres, transactionControlOf } from '@filedepot/core/integration'

/** The error of the database driver, as the adapters of Prisma pass it on. */
interface DriverCause {
  readonly kind?: string
  /** SQLSTATE with PostgreSQL, a number with MySQL and MariaDB, a name with SQLite. */
  readonly originalCode?: string
  readonly originalMessage?: string
  readonly message?: string
}

function driverCauseOf(error: unknown): DriverCause | undefined {
  const { meta, cause } = (error ?? {}) as {
    meta?: { driverAdapterError?: { cause?: DriverCause } }
    cause?: DriverCause
  }
  const found = meta?.driverAdapterError?.cause ?? cause
  return typeof found?.kind === 'string' ? found : undefined
}

/** The code by which Prisma names an error, `P2002` for example. */
export function prismaCodeOf(error: unknown): string | undefined {
  const code = (error as { code?: unknown } | undefined | null)?.code
  return typeof code === 'string' && /^P\d{4}$/.test(code) ? code : undefined
}

const LOST = new Set(['ConnectionClosed', 'DatabaseNotReachable', 'SocketTimeout', 'TlsConnectionError'])

/** True if the database itself said no, so that what it was asked to do has surely not been done. */
export function isAnswer(provider: string, error: unknown): boolean {
  const cause = driverCauseOf(error)
  if (!cause) {
    // Errors of Prisma itself, before or without a statement: wrong arguments, no such row, a transaction that is closed.
    return (
      (error as { name?: unknown } | null)?.name === 'PrismaClientValidationError' ||
      prismaCodeOf(error)?.startsWith('P2') === true
    )
  }
  const { kind = '', originalCode = '' } = cause
  if (provider === 'sqlite') return true
  if (LOST.has(kind)) return false
  return provider === 'mysql' ? isAnswerOfMysql(Number(originalCode)) : isAnswerOfPostgres(originalCode)
}

/** True if a statement may still run, or may have run, although its answer was lost. */
export function isConnectionTrouble(provider: string, error: unknown): boolean {
  if (isAnswer(provider, error)) return false
  const { name, code, message } = (error ?? {}) as { name?: unknown; code?: unknown; message?: unknown }
  if (driverCauseOf(error) || /^(?:P1|E[A-Z]+$)/.test(String(code))) return true
  // Drivers and adapters throw plain errors, too.
  return (
    name === 'PrismaClientRustPanicError' ||
    /connection|socket|terminated|time(?:d )?-?out|closed|ended|hang up|server/i.test(String(message))
  )
}

/** A class of Prisma's errors that are known by their codes. */
type KnownError = new (
  message: string,
  options: { code: string; clientVersion: string; meta?: unknown; cause?: unknown },
) => Error

/**
 * The error of a raw statement as Prisma gives it for its own operations: a conflict is `P2034` there, by which programs
 * know that they may try again, and `P2010` like every other error of raw SQL.
 */
export function withOwnCode(error: unknown, operation: string): unknown {
  if (prismaCodeOf(error) !== 'P2010' || driverCauseOf(error)?.kind !== 'TransactionWriteConflict')
    return error
  const { constructor, clientVersion, meta } = error as { clientVersion: string; meta?: object } & Error
  const message =
    `\nInvalid \`prisma.${operation}()\` invocation:\n\n\n` +
    'Transaction failed due to a write conflict or a deadlock. Please retry your transaction'
  return new (constructor as KnownError)(message, { code: 'P2034', clientVersion, meta, cause: error })
}

/** True for a conflict with another transaction: a retry may succeed. */
export function isConflict(error: unknown): boolean {
  return prismaCodeOf(error) === 'P2034' || driverCauseOf(error)?.kind === 'TransactionWriteConflict'
}

/** True for the victim of a deadlock where the database has rolled back its whole transaction at once. */
export function hasEndedTransaction(provider: string, error: unknown): boolean {
  return provider === 'mysql' && driverCauseOf(error)?.originalCode === '1213'
}

/** How a transaction is, by what became of releasing a savepoint in it. */
export type TransactionState =
  /** The savepoint was there. */
  | 'intact'
  /** PostgreSQL has aborted it: it can only be rolled back. */
  | 'aborted'
  /** Prisma has rolled it back, after a time-out for example, or its connection is lost. */
  | 'over'
  /** The transaction that was begun has ended: now there is another one, or none. */
  | 'replaced'
  /** The database did not answer in time, and may have it still. */
  | 'unclear'

export function stateAfter(provider: string, error: unknown): TransactionState {
  if (isTimeout(error)) return 'unclear'
  if (prismaCodeOf(error) === 'P2028' || !isAnswer(provider, error)) return 'over'
  return driverCauseOf(error)?.originalCode === '25P02' ? 'aborted' : 'replaced'
}

function isTimeout(error: unknown): boolean {
  if (prismaCodeOf(error) === 'P2028') return false
  const { message } = (error ?? {}) as { message?: unknown }
  return driverCauseOf(error)?.kind === 'SocketTimeout' || /time(?:d )?-?out/i.test(String(message))
}

/** True for raw SQL after which the transaction may be another. */
export function endsTransaction(provider: string, statement: string): boolean {
  const control = transactionControlOf(provider === 'mysql' ? 'mysql' : 'other', statement)
  return control !== undefined && control !== 'rollbackToSavepoint'
}
