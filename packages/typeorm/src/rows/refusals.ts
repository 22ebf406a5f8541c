import { FiledepotError } from '@filedepot/core'
import type { EntityMetadata } from 'typeorm'

const BELONGS = 'and a file belongs to one row'

export function severalRows({ name }: EntityMetadata, count: number): FiledepotError {
  return new FiledepotError(
    'NOT_SUPPORTED',
    `this update would give one file to ${count} rows of ${name}, ${BELONGS}: ` +
      'load the entities, give each its own, and save them',
  )
}

export function expressionGivesFiles({ name }: EntityMetadata, paths: readonly string[]): FiledepotError {
  return new FiledepotError(
    'NOT_SUPPORTED',
    `an SQL expression has given rows of ${name} files that belong to others (${paths.join(', ')}), ${BELONGS}: ` +
      'an expression may only take files away',
  )
}

export function selectGivesFiles({ name }: EntityMetadata): FiledepotError {
  return new FiledepotError(
    'NOT_SUPPORTED',
    `this INSERT … SELECT would give rows of ${name} files that others have already, ${BELONGS}: ` +
      'leave the file columns out, or load the entities and save new ones',
  )
}

export function concurrentChange({ name }: EntityMetadata, verb: string): FiledepotError {
  return new FiledepotError(
    'CONCURRENT_CHANGE',
    `others wrote rows of ${name} while this ${verb} was about to change them, so that their files are not known: ` +
      'roll back, and try again',
  )
}
