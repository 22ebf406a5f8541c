import { FileStorage, type StorageBackend } from '@filedepot/core'
import type { Db } from 'mongodb'

/** The `files_id`s of the chunks that belong to no file. */
export async function orphans(db: Db, bucketName = 'filedepot'): Promise<string[]> {
  const named = await db.collection(`${bucketName}.files`).distinct('metadata.content')
  const ids = await db.collection(`${bucketName}.chunks`).distinct('files_id', { files_id: { $nin: named } })
  return ids.map(String)
}

/** How many chunks there are. */
export function chunkCount(db: Db, bucketName = 'filedepot'): Promise<number> {
  return db.collection(`${bucketName}.chunks`).countDocuments()
}

/** The ids of all files, or of those after one. */
export async function idsOf(backend: StorageBackend, after?: string): Promise<string[]> {
  const ids: string[] = []
  const files = new FileStorage('listed', backend)
  for await (const id of files.list(after === undefined ? {} : { after })) ids.push(id)
  return ids
}
