import { isBroken, isUploadedFile } from '@filedepot/core'

/**
 * Puts the JSON of stored files back into arguments that Prisma has cloned for us. A clone of such a value has lost how
 * to write itself as JSON, so that a `where` that names one would match nothing.
 *
 * @param original the arguments as the caller wrote them
 */
export function restoreFiles(clone: unknown, original: unknown): void {
  if (!isContainer(clone) || !isContainer(original)) return
  for (const [name, value] of Object.entries(clone)) {
    const written = original[name]
    if (!isContainer(value) || !isContainer(written)) continue
    if (!isUploadedFile(written)) restoreFiles(value, written)
    else if (
      !written.isPending &&
      !isBroken(written) &&
      value.storage === written.storage &&
      value.id === written.id
    ) {
      clone[name] = written.toJSON()
    }
  }
}

function isContainer(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !ArrayBuffer.isView(value)
}
