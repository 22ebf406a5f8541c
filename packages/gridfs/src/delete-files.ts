import type { Bucket } from './connection.ts'
import { twice } from './delete-chunks.ts'
import { CONTENT_FIELDS, contentsOf } from './file-document.ts'
import { idOf, keyOf, type FileKey } from './file-key.ts'

/**
 * Deletes files: first their chunks, then the documents, and these only if they name the chunks that are gone. So
 * what fails half-way is still listed, and deleted when it is tried again; a file that is replaced meanwhile stays.
 *
 * Resolves with the ids that are still there.
 */
export async function deleteFiles(
  { files }: Bucket,
  ids: readonly string[],
  removeContents: (contents: readonly FileKey[]) => Promise<void>,
): Promise<{ id: string; error: unknown }[]> {
  const keys = ids.map(keyOf)
  let left = ids
  try {
    const found = await files.find({ _id: { $in: keys } }, { projection: CONTENT_FIELDS }).toArray()
    if (found.length === 0) return []
    const there = new Set(found.map(({ _id }) => idOf(_id)))
    left = ids.filter((id) => there.has(id))
    await removeContents(found.flatMap(contentsOf))
    const contents = found.flatMap(({ metadata }) => metadata?.content ?? [])
    // Null stands for the files without the field, whose chunks are under their own `_id`.
    const named = { 'metadata.content': { $in: [...contents, null] as never[] } }
    await twice(() => files.deleteMany({ _id: { $in: found.map(({ _id }) => _id) }, ...named }))
    return []
  } catch (error) {
    return [...new Set(left)].map((id) => ({ id, error }))
  }
}
