import type { FileContent } from './file-content.ts'
import { inspectContent, type ContentRules } from './inspect-content.ts'
import { resolveContent } from './resolve-content.ts'
import type { SpooledFile } from './spooled-file.ts'

/**
 * Takes a content in without storing it, for upload types, filters and validators that need all of its bytes, or some
 * of them twice: into memory up to 4 MiB, else into a temporary file. The rules are those that storing it would keep.
 * Bytes that are in memory are not copied.
 *
 * A temporary file (mode 0600) is alone in a folder of its own (0700) under `os.tmpdir()`, which `TMPDIR` names. If the
 * process is killed, the next process that makes a temporary file removes what it has left.
 *
 * ```ts
 * import { spool, UploadedFile, type FileContent, type ProcessOptions, type StoreFile } from '@filedepot/core'
 *
 * class Checked extends UploadedFile {
 *   override async process(content: FileContent, store: StoreFile, options: ProcessOptions) {
 *     await using file = await spool(content, options)
 *     for await (const chunk of file.open() as AsyncIterable<Buffer>) console.log(chunk.byteLength)
 *     return { file: await store(file) }
 *   }
 * }
 * ```
 *
 * @throws FiledepotError `INVALID_CONTENT`, `CONTENT_CONSUMED`, `CONTENT_FAILED`, `FILE_TOO_LARGE`, `FILE_REFUSED`,
 *   `ABORTED`; `WRITE_FAILED` or `STORAGE_FULL` where the temporary file cannot be written
 */
export async function spool(content: FileContent, rules: ContentRules = {}): Promise<SpooledFile> {
  const inspected = await inspectContent(resolveContent(content), rules)
  try {
    return await inspected.spool()
  } catch (error) {
    await inspected.release()
    throw error
  }
}
