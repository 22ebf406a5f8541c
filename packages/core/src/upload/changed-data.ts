import { cleanFilename } from '../content/filename.ts'
import { FiledepotError } from '../errors.ts'
import { describe, expected, reasonOf } from '../expected.ts'
import type { JsonValue } from '../json-value.ts'
import { copyPlainJson } from './plain-json.ts'
import type { UploadedFileData } from './uploaded-file-data.ts'

/** What {@link UploadedFile.with} changes of a stored file. */
export interface FileChanges {
  /** For display; cleaned as the name of an upload is. @default the name that it has */
  filename?: string | undefined
  /**
   * Put beside the metadata that the file has. A key that is there already gets the new value; `undefined` takes it away. Keys
   * that an upload type or a filter has written, such as `thumbnails`, are theirs. Name the keys in your own code: never pass
   * on an object of a client.
   */
  metadata?: Readonly<Record<string, JsonValue | undefined>> | undefined
}

/**
 * @throws FiledepotError `INVALID_ARGUMENT`, and what reading a field of the value throws
 */
export function changedData(value: UploadedFileData, changes: FileChanges): UploadedFileData {
  const { storage, id, contentType, declaredType, size, sha256, uploadedAt, files } = value
  const { filename, metadata } = changes
  if (filename !== undefined && typeof filename !== 'string') throw expected('filename', 'a text', filename)
  return {
    ...{ storage, id, contentType, declaredType, size, sha256, uploadedAt, files },
    filename: filename === undefined ? value.filename : cleanFilename(filename),
    metadata: metadata === undefined ? value.metadata : mergedMetadata(value.metadata, metadata),
  }
}

function mergedMetadata(
  before: UploadedFileData['metadata'],
  changes: NonNullable<FileChanges['metadata']>,
): UploadedFileData['metadata'] {
  const given: unknown = changes
  if (typeof given !== 'object' || given === null || Array.isArray(given)) {
    throw expected('metadata', 'an object', given)
  }
  const removed = new Set(Object.keys(changes).filter((key) => changes[key] === undefined))
  const kept = Object.entries(before).filter(([key]) => !removed.has(key))
  return { ...Object.fromEntries(kept), ...copied(changes) }
}

function copied(metadata: object): UploadedFileData['metadata'] {
  try {
    return copyPlainJson(metadata) as UploadedFileData['metadata']
  } catch (cause) {
    throw new FiledepotError(
      'INVALID_ARGUMENT',
      `Expected metadata to be JSON, got ${describe(metadata)}: ${reasonOf(cause)}`,
      {
        cause,
      },
    )
  }
}
