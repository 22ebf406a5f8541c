import { FiledepotError } from '@filedepot/core'
import type { CollectionFiles } from './collection-files.ts'

const BELONGS = 'and a file belongs to one document'

/** A write that changes file columns in a way of which nobody could say which files it touches. */
export function cannotFollow({ metadata }: CollectionFiles, what: string): FiledepotError {
  return new FiledepotError(
    'NOT_SUPPORTED',
    `the files of ${metadata.name} cannot follow ${what}: set whole file columns by $set, take them away by $unset, ` +
      'or load the entities and save them',
  )
}

export function severalDocuments({ metadata }: CollectionFiles): FiledepotError {
  return new FiledepotError(
    'NOT_SUPPORTED',
    `this update would give one file to several documents of ${metadata.name}, ${BELONGS}: ` +
      'load the entities, give each its own, and save them',
  )
}

export function changedMeanwhile({ metadata }: CollectionFiles): FiledepotError {
  return new FiledepotError(
    'CONCURRENT_CHANGE',
    `others changed or removed a document of ${metadata.name} while files that it was to keep were about to be written ` +
      'again: load it, and try again',
  )
}
