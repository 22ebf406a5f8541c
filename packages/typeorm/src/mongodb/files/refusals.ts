import { FiledepotError } from '@filedepot/core'
import type { CollectionFiles } from './collection-files.ts'

const BELONGS = 'and a file belongs to one document'

/** The error of a write that changes file columns in a way that filedepot cannot track. */
export function cannotFollow({ metadata }: CollectionFiles, what: string): FiledepotError {
  return new FiledepotError(
    'NOT_SUPPORTED',
    `Cannot track the files of ${metadata.name} in ${what}. Set whole file columns with $set, remove them with $unset, ` +
      'or load the entities and save them',
  )
}

export function severalDocuments({ metadata }: CollectionFiles): FiledepotError {
  return new FiledepotError(
    'NOT_SUPPORTED',
    `This update would give one file to several documents of ${metadata.name}, ${BELONGS}. ` +
      'Load the entities, give each its own file, and save them',
  )
}

export function changedMeanwhile({ metadata }: CollectionFiles): FiledepotError {
  return new FiledepotError(
    'CONCURRENT_CHANGE',
    `Another client changed or removed a document of ${metadata.name} during this write. Load the document, and try ` +
      'again',
  )
}
