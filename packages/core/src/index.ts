// Storing: storages by name, and what can be stored.
export { depot } from './depot/depot.ts'
export {
  DepotManager,
  type CloseOptions,
  type DeleteFilesOptions,
  type DepotOptions,
  type FileUrlSigner,
  type UploadOptions,
} from './depot/depot-manager.ts'
export type { DepotEventMap, DepotEvents } from './depot/depot-events.ts'
export type { EnvironmentOptions } from './depot/backend-from-environment.ts'
export {
  FileStorage,
  type DirectUpload,
  type FileOrId,
  type StoredRecord,
  type StoreOptions,
} from './storage/file-storage.ts'
export { StoredFile } from './storage/stored-file.ts'
export { copyStorage, type CopyProgress, type CopyStorageOptions } from './storage/copy-storage.ts'
export { CopyIncompleteError, type CopyFailure, type CopyReport } from './storage/copy-incomplete-error.ts'
export type { FileContent, FilePart, FormidableFile, MulterFile } from './content/file-content.ts'
export { FileIntent, fromDataUrl, fromPath, type FileIntentOptions } from './content/file-intent.ts'
export { spool } from './content/spool.ts'
export { SpooledFile } from './content/spooled-file.ts'

// The value of a file column, and what may be said of it.
export {
  UploadedFile,
  type PendingOptions,
  type ProcessedFile,
  type ProcessOptions,
  type UploadType,
} from './upload/uploaded-file.ts'
export type { FileChanges } from './upload/changed-data.ts'
export type { UploadedFileData, UploadedFileJson } from './upload/uploaded-file-data.ts'
export type { JsonValue } from './json-value.ts'
export type { FileFilter, FilteredFile, StoreFile } from './upload/file-filter.ts'
export {
  allowExtensions,
  allowTypes,
  type FileToValidate,
  type FileValidator,
} from './content/file-validator.ts'

// Errors.
export {
  AbortedError,
  ERROR_CODES,
  FiledepotError,
  FileNotFoundError,
  FileTooLargeError,
  WriteUncertainError,
  hasCode,
  HashMismatchError,
  type ErrorCode,
} from './errors.ts'

// For backends: the contract and two that keep it.
export type { ByteRange, SignedUrlOptions, StorageBackend } from './backend.ts'
export { LocalBackend } from './backends/local/local-backend.ts'
export type { LocalBackendOptions } from './backends/local/local-backend-options.ts'
export { MemoryBackend } from './backends/memory-backend.ts'
export { parseFilePath } from './file-path.ts'
export { discardUnowned } from './upload/ownership.ts'
