import { FiledepotError } from '@filedepot/core'
import { isUploadedFile } from '@filedepot/core/integration'
import { isMap } from 'node:util/types'

/**
 * Refuses a `Map` where a file may be: the client writes it as a document, and what is in it has not been looked at.
 *
 * @param depth how many levels of documents to look at
 * @throws FiledepotError `INVALID_ARGUMENT`
 */
export function refuseMaps(value: unknown, depth: number): void {
  if (typeof value !== 'object' || value === null || isUploadedFile(value) || ArrayBuffer.isView(value))
    return
  if (isMap(value)) {
    throw new FiledepotError('INVALID_ARGUMENT', 'Expected a document with files to be an object, got a Map')
  }
  if (depth > 0) for (const inner of Object.values(value)) refuseMaps(inner, depth - 1)
}
