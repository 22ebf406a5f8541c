import { FiledepotError } from '@filedepot/core'
import type { EntityMetadata } from 'typeorm'

const BELONGS = 'and a file belongs to one row'

export function sameObject({ name }: EntityMetadata): FiledepotError {
  return new FiledepotError(
    'NOT_SUPPORTED',
    `the same object would become several rows of ${name} with one file, ${BELONGS}: give each row an object of its own`,
  )
}

export function insertedExpression(): FiledepotError {
  return new FiledepotError(
    'INVALID_CONTENT',
    'Cannot give a new row a file by an SQL expression, because it is not known whose file that would be: expected a file or ' +
      'null, got a function. Insert the row with a file, or without one',
  )
}
