import { FiledepotError } from '../errors.ts'
import { hasState, stateOf } from './value-state.ts'
import type { UploadedFile } from './uploaded-file.ts'

/**
 * True for an uploaded file itself. `instanceof` is true as well for a proxy of one, and for an object that was given its
 * prototype. For integrations.
 */
export function isUploadedFile(value: unknown): value is UploadedFile {
  return typeof value === 'object' && value !== null && hasState(value)
}

/**
 * True for a value that is pending, that was uploaded in this process, or that a row was read into. One that
 * {@link UploadedFile.fromJSON} made only says which file it is. For integrations.
 */
export function isVerified(value: UploadedFile): boolean {
  return value.isPending || stateOf(value).isVerified
}

/** Notes that the value is what a storage or a row says. */
export function markVerified<T extends UploadedFile>(value: T): T {
  stateOf(value).isVerified = true
  return value
}

export function unverified({ path }: UploadedFile): FiledepotError {
  return new FiledepotError(
    'INVALID_CONTENT',
    `Expected an uploaded file, got JSON that names "${path}". A row accepts JSON only if it already holds that file. ` +
      'To store a copy, use UploadedFile.from(await depot.getFile(path)), but never with JSON from a client',
  )
}
