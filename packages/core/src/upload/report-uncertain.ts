import type { DepotEvents } from '../depot/depot-events.ts'
import { AbortedError, WriteUncertainError } from '../errors.ts'

/** Tells those who watch a depot of a write that may have left a file, also of one that was aborted. */
export function reportUncertain(depot: DepotEvents, error: unknown): void {
  const reason = error instanceof AbortedError ? error.cause : error
  if (reason instanceof WriteUncertainError) depot.report('unsettled', { paths: [reason.path], reason })
}
