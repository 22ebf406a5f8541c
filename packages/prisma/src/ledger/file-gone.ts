import { FiledepotError } from '@filedepot/core'
import { isFileGone } from '@filedepot/ledger'
import type { Model } from '../schema/data-model.ts'

/** What is thrown of an error of a write: one of ours if a row was to refer to a file that is deleted. */
export function fileGone({ name }: Model, error: unknown): unknown {
  if (!isFileGone(error)) return error
  return new FiledepotError(
    'FILE_GONE',
    `a row of ${name} was to refer to a file that is deleted, or about to be, because no row has referred to it: upload the file again`,
    { cause: error },
  )
}
