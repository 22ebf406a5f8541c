import { expect, it } from '@jest/globals'
import { Readable } from 'node:stream'
import { LocalBackend } from '../../src/backends/local/local-backend.ts'
import { MemoryBackend } from '../../src/backends/memory-backend.ts'
import { mayRunProgramCode } from '../../src/transaction/attach-file.ts'
import { UploadedFile, type ProcessedFile } from '../../src/upload/uploaded-file.ts'
import type { FileContent } from '../../src/content/file-content.ts'
import type { StoreFile } from '../../src/upload/file-filter.ts'
import { bytesOf } from '../support/bytes.ts'
import { thrown } from '../support/failure.ts'
import { memoryDepot } from '../support/storages.ts'
import { temporaryFolders } from '../support/temporary-folder.ts'

const temporaryFolder = temporaryFolders()

class OwnBackend extends LocalBackend {
  override write(...args: Parameters<LocalBackend['write']>): void | Promise<void> {
    return super.write(...args)
  }
}

class OwnType extends UploadedFile {
  override async process(content: FileContent, store: StoreFile): Promise<ProcessedFile> {
    return { file: await store(content) }
  }
}

it('runs none for bytes that a local folder gets, and may for all else', async () => {
  const folder = await temporaryFolder()
  const type = UploadedFile
  const depot = memoryDepot(new LocalBackend(folder))
  const stored = await depot.upload(UploadedFile.from(bytesOf(1)))

  const none = [
    mayRunProgramCode(depot, bytesOf(3), { type }),
    mayRunProgramCode(depot, UploadedFile.from(bytesOf(300_000)), { type, validators: [] }),
  ]
  const some = [
    mayRunProgramCode(depot, Readable.from([]), { type }),
    mayRunProgramCode(depot, bytesOf(3), { type, validators: [() => undefined] }),
    mayRunProgramCode(depot, bytesOf(3), { type, filters: [{ onSave: () => undefined }] }),
    mayRunProgramCode(depot, bytesOf(3), { type: OwnType }),
    mayRunProgramCode(depot, stored, { type }),
    mayRunProgramCode(memoryDepot(new OwnBackend(folder)), bytesOf(3), { type }),
    mayRunProgramCode(memoryDepot(new MemoryBackend()), bytesOf(3), { type }),
  ]

  expect(none).toEqual([false, false])
  expect(some).toEqual(some.map(() => true))
  expect(thrown(() => mayRunProgramCode(depot, 'text' as never, { type }))).toMatchObject({
    code: 'INVALID_CONTENT',
  })
})
