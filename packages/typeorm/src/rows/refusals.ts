import { FiledepotError } from '@filedepot/core'
import type { EntityMetadata } from 'typeorm'

const BELONGS = 'and a file belongs to one row'

export function severalRows({ name }: EntityMetadata, count: number): FiledepotError {
  return new FiledepotError(
    'NOT_SUPPORTED',
    `This update would give one file to ${count} rows of ${name}, ${BELONGS}. ` +
      'Load the entities, give each its own file, and save them',
  )
}

export function expressionGivesFiles({ name }: EntityMetadata, paths: readonly string[]): FiledepotError {
  return new FiledepotError(
    'NOT_SUPPORTED',
    `An SQL expression gave rows of ${name} files of other rows (${paths.join(', ')}), ${BELONGS}. ` +
      'Use expressions only to remove files',
  )
}

export function selectGivesFiles({ name }: EntityMetadata): FiledepotError {
  return new FiledepotError(
    'NOT_SUPPORTED',
    `This INSERT … SELECT would give rows of ${name} files of other rows, ${BELONGS}. ` +
      'Leave the file columns out, or load the entities and save new ones',
  )
}

export function concurrentChange({ name }: EntityMetadata, verb: string): FiledepotError {
  return new FiledepotError(
    'CONCURRENT_CHANGE',
    `Rows of ${name} changed concurrently during this ${verb}. ` + 'Roll back and retry the transaction',
  )
}
