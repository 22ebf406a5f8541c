import { BrokenContent } from './broken-value.ts'
import { parseUploadedFile, type UploadedFileData } from './uploaded-file-data.ts'
import type { UploadedFile, UploadType } from './uploaded-file.ts'
import { markVerified } from './verification.ts'

/**
 * Makes a value from the JSON in the database. If the JSON is not that of an uploaded file, the result is a *broken* value: it
 * can be loaded and written back unchanged, and throws `INVALID_VALUE` when it is used. So one broken row does not prevent
 * reads of the others. The JSON is trusted, so it must come from the database itself. For integrations.
 */
export function readRowValue<T extends UploadedFile>(type: UploadType<T>, json: unknown): T {
  return read(type, json, true)
}

/**
 * The same for a column of several files. One broken element leaves the others as they are; text that is no JSON is a list
 * of one broken value. For integrations.
 */
export function readRowList<T extends UploadedFile>(type: UploadType<T>, json: unknown): T[] {
  const list = typeof json === 'string' ? parsed(json) : json
  return Array.isArray(list) ? list.map((one) => read(type, one, false)) : [read(type, json, true)]
}

function read<T extends UploadedFile>(type: UploadType<T>, json: unknown, isWhole: boolean): T {
  try {
    return markVerified(new type(parseUploadedFile(json)))
  } catch (cause) {
    // Constructors of upload types pass on what they get, so their types need not name it.
    return markVerified(new type(new BrokenContent(json, isWhole, cause) as unknown as UploadedFileData))
  }
}

/** Text that is no JSON stays what it is. */
function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return text
  }
}
