// "@filedepot/core/backend": for packages that store files, beside the contract `StorageBackend`.
export { cleanFilename } from './content/filename.ts'
export { dispositionOf, INLINE_TYPES, isActiveType, mediaTypeOf } from './content/inline-types.ts'
export type { SpooledFileInfo } from './content/spooled-file.ts'
export { checkWholeNumber, describe, expected } from './expected.ts'
export type {
  DeleteReport,
  FileBody,
  FileInfo,
  FileStat,
  LeftoverOptions,
  OpenedFile,
  ReadBytesOptions,
  SignedUpload,
  SignedUploadOptions,
  WriteOptions,
} from './backend.ts'
export { abortable } from './abortable.ts'
export { decodeFilename, parseDepotTime } from './backends/depot-metadata.ts'
export { readOwnerFile, writeOwnerFile } from './backends/owner-file.ts'
export { newFileId, parseFileId } from './file-id.ts'
export { firstFileIdAt, timeOfFileId } from './file-id-time.ts'
