import { ObjectId, type Collection } from 'mongodb'
import type { FileDocument } from './file-document.ts'
import { idOf, keyOf, type FileKey } from './file-key.ts'

/** How many ids are fetched at a time. */
const PAGE = 1000

/**
 * The ids of the files whose `_id` is text, in order, from the index on `_id` alone. A query for each page, so that
 * the list goes on however long whoever reads it takes.
 */
export function listTextIds(files: Collection<FileDocument>, after: string): AsyncGenerator<string> {
  return pages(files, { $gt: after })
}

/** As {@link listTextIds}, of the files whose `_id` is an `ObjectId`. */
export function listObjectIds(files: Collection<FileDocument>, after: string): AsyncGenerator<string> {
  const key = keyOf(after)
  if (key instanceof ObjectId) return pages(files, { $gt: key })
  // A hyphen comes before every digit, so of the ids that begin as a UUID does, all come after it.
  const [digits = ''] = after.split('-', 1)
  return pages(files, { $gte: new ObjectId(digits.padEnd(24, '0')) })
}

/** Two lists, each in order, as one in order. */
export async function* merged(
  first: AsyncGenerator<string>,
  second: AsyncGenerator<string>,
): AsyncGenerator<string> {
  let [one, other] = [await first.next(), await second.next()]
  while (!one.done || !other.done) {
    if (!one.done && (other.done || one.value < other.value)) {
      yield one.value
      one = await first.next()
    } else if (!other.done) {
      yield other.value
      other = await second.next()
    }
  }
}

/** Comparisons are within a type: text is never after an `ObjectId`. */
async function* pages(
  files: Collection<FileDocument>,
  from: { $gt: FileKey } | { $gte: FileKey },
): AsyncGenerator<string> {
  let condition = from
  for (;;) {
    const options = { projection: { _id: 1 }, sort: { _id: 1 }, limit: PAGE, batchSize: PAGE + 1 } as const
    const page = await files.find({ _id: condition }, options).toArray()
    for (const { _id } of page) {
      const id = idOf(_id)
      if (id !== undefined) yield id
    }
    const last = page.at(-1)
    if (!last || page.length < PAGE) return
    condition = { $gt: last._id }
  }
}
