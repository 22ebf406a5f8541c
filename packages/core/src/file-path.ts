import { FiledepotError } from './errors.ts'
import { describe } from './expected.ts'

/** The address of a file: the name of its storage and its id, written `storage/id`. */
export interface FileLocation {
  storage: string
  id: string
}

/** `storage/id`, as rows and URLs name a file. */
export function formatFilePath({ storage, id }: FileLocation): string {
  return `${storage}/${id}`
}

/**
 * The two parts of `storage/id`.
 *
 * @throws FiledepotError `INVALID_ARGUMENT`
 */
export function parseFilePath(path: string): FileLocation {
  const slash = typeof path === 'string' ? path.indexOf('/') : -1
  if (slash < 1 || slash === path.length - 1) {
    throw new FiledepotError('INVALID_ARGUMENT', `Expected a path to be "storage/id", got ${describe(path)}`)
  }
  return { storage: path.slice(0, slash), id: path.slice(slash + 1) }
}
