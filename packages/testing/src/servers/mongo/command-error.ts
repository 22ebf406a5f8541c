import type { Doc } from './documents.ts'

/** What a command is answered with when it fails, in the server's own codes. */
export class CommandError extends Error {
  override readonly name = 'CommandError'

  constructor(
    readonly code: number,
    readonly codeName: string,
    message: string,
    readonly details: Doc = {},
  ) {
    super(message)
  }

  reply(): Doc {
    return { ok: 0, errmsg: this.message, code: this.code, codeName: this.codeName, ...this.details }
  }
}

/** Two transactions want one document; the driver runs the one that gets this again. */
export function writeConflict(): CommandError {
  return new CommandError(
    112,
    'WriteConflict',
    'Caused by :: Write conflict during plan execution and yielding is disabled. :: Please retry your operation or multi-document transaction.',
    TRANSIENT,
  )
}

/** Tells the driver that the whole transaction may be run again. */
export const TRANSIENT = { errorLabels: ['TransientTransactionError'] }
