/** What the errors of the client say, as far as it matters here. */
interface MongoError {
  readonly name?: unknown
  readonly code?: unknown
  readonly errorLabels?: unknown
  readonly result?: unknown
  readonly cause?: unknown
}

/** The server was interrupted, or ran out of time. */
const INTERRUPTED = new Set([50, 91, 262, 11600, 11602])

/**
 * True if a write that failed has surely changed nothing: the server itself said no, or nothing was sent. A lost
 * connection, a time-out and a write that the replica set may take back leave open what the server did.
 */
export function isRefusal(error: unknown): boolean {
  const { name, code, errorLabels, result } = (error ?? {}) as MongoError
  if (name === 'MongoServerError' || name === 'MongoBulkWriteError') {
    if (typeof code !== 'number' || INTERRUPTED.has(code)) return false
    const labels = Array.isArray(errorLabels) ? errorLabels : []
    return !labels.includes('RetryableWriteError') && !hasWriteConcernError(result)
  }
  // Whatever else comes from the client may have come after the command was sent.
  return typeof name !== 'string' || !name.startsWith('Mongo') || name === 'MongoInvalidArgumentError'
}

function hasWriteConcernError(result: unknown): boolean {
  if (typeof result !== 'object' || result === null) return false
  const { writeConcernError, writeConcernErrors } = result as Record<string, unknown>
  return Boolean(writeConcernError) || (Array.isArray(writeConcernErrors) && writeConcernErrors.length > 0)
}

/** The reason where the client did not wait for an answer. */
export function unacknowledged(): Error {
  return new Error('The write was sent without waiting for an answer (writeConcern: { w: 0 })')
}
