import { FiledepotError } from '@filedepot/core'
import { isFileGone } from '@filedepot/ledger'
import type { Model } from '../schema/data-model.ts'

/** What is thrown of an error of a write: one of ours if a row was to refer to a file that is deleted. */
export function fileGone({ name }: Model, error: unknown): unknown {
  if (!isFileGone(error)) return error
  return new FiledepotError(
    'FILE_GONE',
    `Cannot write a row of ${name}: its file is deleted, or is being deleted, because no row referred to it. Upload the file again`,
    { cause: error },
  )
}
