import {
  AbortedError,
  FiledepotError,
  FileNotFoundError,
  WriteUncertainError,
  type ErrorCode,
} from './errors.ts'
import { reasonOf } from './expected.ts'

/** What a storage was doing. */
export type StorageOperation = 'write' | 'read' | 'delete' | 'list'

const CODES: Record<StorageOperation, ErrorCode> = {
  write: 'WRITE_FAILED',
  read: 'READ_FAILED',
  delete: 'DELETE_FAILED',
  list: 'READ_FAILED',
}

/** No room on the device, or in the user's share of it. */
const FULL = new Set(['ENOSPC', 'EDQUOT'])

/** Wraps an error of a backend: the message says what failed and where, and the error becomes the `cause`. */
export function wrapError(
  operation: StorageOperation,
  where: string,
  error: unknown,
  signal?: AbortSignal,
): FiledepotError {
  if (error instanceof FileNotFoundError) return new FileNotFoundError(where, { cause: error })
  if (error instanceof WriteUncertainError) {
    const uncertain = new WriteUncertainError(where, { cause: error.cause })
    return signal?.aborted
      ? new AbortedError(`The ${operation} of "${where}"`, { cause: uncertain })
      : uncertain
  }
  if (error instanceof FiledepotError) return error
  if (signal?.aborted) return new AbortedError(`The ${operation} of "${where}"`, { cause: error })
  const full = FULL.has(String((error as { code?: unknown } | undefined)?.code))
  return new FiledepotError(
    full ? 'STORAGE_FULL' : CODES[operation],
    `Cannot ${operation} "${where}": ${reasonOf(error)}`,
    {
      cause: error,
    },
  )
}
