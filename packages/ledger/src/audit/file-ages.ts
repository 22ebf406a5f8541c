import { hasCode, type DepotManager, type FiledepotError } from '@filedepot/core'
import { timeOfFileId } from '@filedepot/core/backend'

export const DAY = 24 * 60 * 60 * 1000
/** How many files a storage is asked about at the same time. */
export const AT_ONCE = 16

/**
 * True if the file was made before the time, by its id and by the clock of the storage. The clock of a process that made an id far in
 * the future was wrong, so that the storage decides.
 */
export async function isOld(depot: DepotManager, path: string, time: number): Promise<boolean> {
  const made = timeOfFileId(path.slice(path.indexOf('/') + 1))
  if (made && made.getTime() >= time && made.getTime() < Date.now() + DAY) return false
  try {
    return (await depot.getFile(path)).lastModified.getTime() < time
  } catch (error) {
    // What is listed and is no file, or cannot be read, is as old as its id. Another id says nothing.
    if (hasCode(error, 'FILE_NOT_FOUND', 'CORRUPT_FILE')) return made !== undefined && made.getTime() < time
    throw error
  }
}

/** True if a storage cannot read one of its files, such as by its rights. The others are not held up by it. */
export function isUnread(error: unknown): error is FiledepotError {
  return hasCode(error, 'READ_FAILED')
}

/** A row may hold an id that its storage cannot have. A file that cannot be read is there. */
export async function isThere(depot: DepotManager, path: string): Promise<boolean> {
  try {
    await depot.getFile(path)
    return true
  } catch (error) {
    if (hasCode(error, 'FILE_NOT_FOUND', 'INVALID_FILE_ID', 'INVALID_ARGUMENT')) return false
    if (hasCode(error, 'CORRUPT_FILE')) return true
    throw error
  }
}
