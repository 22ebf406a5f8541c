import { MongoServerSelectionError, type Collection } from 'mongodb'
import type { ChunkDocument } from './file-document.ts'
import type { FileKey } from './file-key.ts'

/** Deletes all chunks of these contents. */
export async function deleteChunks(
  chunks: Collection<ChunkDocument>,
  contents: readonly FileKey[],
): Promise<void> {
  await twice(() => chunks.deleteMany({ files_id: { $in: [...contents] } }))
}

/** The driver sends a write of many documents again by no means; deleting twice does no harm. */
export async function twice<T>(remove: () => Promise<T>): Promise<T> {
  try {
    return await remove()
  } catch (error) {
    // Waited for long enough already.
    if (error instanceof MongoServerSelectionError) throw error
    return await remove()
  }
}
