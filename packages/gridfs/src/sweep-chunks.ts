import { timeOfFileId, type LeftoverOptions } from '@filedepot/core/backend'
import { ObjectId } from 'mongodb'
import type { Bucket } from './connection.ts'
import { deleteChunks } from './delete-chunks.ts'

/** Contents that one query looks for among the files, as it has no index to go by. */
const PAGE = 10_000

/**
 * Deletes chunks that no file names, as a process leaves that is killed while it stores a file. Their `files_id` is an
 * `ObjectId`, which begins with the time; others are of other programs.
 */
export async function sweepChunks(
  { files, chunks }: Bucket,
  { olderThan, after = '', signal }: LeftoverOptions,
): Promise<number> {
  const end = firstAt(olderThan)
  let removed = 0
  // The chunks of a file are never older than its id.
  for (let last = firstAt(timeOfFileId(after) ?? new Date(0)); ;) {
    signal?.throwIfAborted()
    const filter = { n: 0, files_id: { $gt: last, $lt: end } }
    const options = { projection: { _id: 0, files_id: 1 }, sort: { files_id: 1 }, limit: PAGE } as const
    const page = (await chunks.find(filter, options).toArray()).map(({ files_id }) => files_id as ObjectId)
    const next = page.at(-1)
    if (!next) return removed
    const unnamed = new Map(page.map((content) => [content.toHexString(), content]))
    const named = {
      $or: [
        { 'metadata.content': { $in: page } },
        { 'metadata.replaced': { $in: page } },
        { _id: { $in: page } },
      ],
    }
    const fields = { projection: { 'metadata.content': 1, 'metadata.replaced': 1 } }
    for await (const { _id, metadata } of files.find(named, fields)) {
      for (const content of [_id, metadata?.content, metadata?.replaced]) {
        if (content instanceof ObjectId) unnamed.delete(content.toHexString())
      }
    }
    if (unnamed.size > 0) await deleteChunks(chunks, [...unnamed.values()])
    removed += unnamed.size
    last = next
  }
}

/** An `ObjectId` begins with the seconds. */
function firstAt(time: Date): ObjectId {
  const seconds = Math.max(0, Math.floor(time.getTime() / 1000))
  return new ObjectId(seconds.toString(16).padStart(8, '0').padEnd(24, '0'))
}
