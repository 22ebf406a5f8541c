import { FiledepotError } from '@filedepot/core'
import type { EntityMetadata } from 'typeorm'

const BELONGS = 'and a file belongs to one row'

export function sameObject({ name }: EntityMetadata): FiledepotError {
  return new FiledepotError(
    'NOT_SUPPORTED',
    `The same object would become several rows of ${name} with one file, ${BELONGS}. Give each row its own object`,
  )
}

export function insertedExpression(): FiledepotError {
  return new FiledepotError(
    'INVALID_CONTENT',
    'Cannot set the file of a new row by an SQL expression, because filedepot does not know its result: expected a file or ' +
      'null, got a function. Insert the row with a file, or without one',
  )
}
