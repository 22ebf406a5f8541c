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
export type {
  EnvironmentBackend,
  EnvironmentOptions,
  EnvironmentSettings,
} from './depot/backend-from-environment.ts'
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
export { cleanFilename } from './content/filename.ts'
export { dispositionOf, INLINE_TYPES, isActiveType, mediaTypeOf } from './content/inline-types.ts'
export { spool } from './content/spool.ts'
export { SpooledFile, type SpooledFileInfo } from './content/spooled-file.ts'

// The value of a file column, and what may be said of it.
export {
  UploadedFile,
  type PendingOptions,
  type PendingUpload,
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

// For packages beside this one: the form that all complaints about arguments have.
export { checkWholeNumber, describe, expected } from './expected.ts'

// For backends: the contract and two that keep it.
export type {
  ByteRange,
  DeleteReport,
  FileBody,
  FileInfo,
  FileStat,
  LeftoverOptions,
  OpenedFile,
  ReadBytesOptions,
  SignedUpload,
  SignedUploadOptions,
  SignedUrlOptions,
  StorageBackend,
  WriteOptions,
} from './backend.ts'
export { LocalBackend } from './backends/local/local-backend.ts'
export type { LocalBackendOptions } from './backends/local/local-backend-options.ts'
export { MemoryBackend } from './backends/memory-backend.ts'
export { abortable } from './abortable.ts'
export { decodeFilename, parseDepotTime } from './backends/depot-metadata.ts'
export { readOwnerFile, writeOwnerFile } from './backends/owner-file.ts'
export { newFileId, parseFileId } from './file-id.ts'
export { firstFileIdAt, timeOfFileId } from './file-id-time.ts'
export { formatFilePath, parseFilePath, type FileLocation } from './file-path.ts'

// For tools that copy files.
export { copyFile, type CopyFileOptions, type FileCopy } from './storage/copy-file.ts'
export { Pace } from './storage/pace.ts'

// For integrations with an ORM.
export { columnRules, type ColumnRules } from './content/column-rules.ts'
export {
  FileTransaction,
  type FileTransactionOptions,
  type TransactionOutcome,
} from './transaction/file-transaction.ts'
export { loadContentTypes } from './content/inspect-content.ts'
export { attachFile, conformRenamed, prepareAttach, type AttachOptions } from './transaction/attach-file.ts'
export { storeForRow, type FileForRow, type StoreForRowOptions } from './transaction/store-for-row.ts'
export { isAnswerOfMysql, isAnswerOfPostgres } from './transaction/database-answer.ts'
export {
  transactionControlOf,
  type SqlFamily,
  type TransactionControl,
} from './transaction/transaction-control.ts'
export { patiently } from './transaction/patiently.ts'
export { NO_TURNS, TurnsOnOneConnection, type Turns, type TurnsOptions } from './transaction/turns.ts'
export { bindManager, boundManager } from './upload/manager-binding.ts'
export { rememberText, textOf } from './upload/value-text.ts'
export { isUploadedFile, isVerified } from './upload/verification.ts'
export { isBroken, isWholeColumn, locate, type ValuePlace } from './upload/broken-value.ts'
export { readRowList, readRowValue } from './upload/row-value.ts'
export {
  discardUnowned,
  giveBack,
  giveBackOriginal,
  isRevoked,
  markRevoked,
  movedFrom,
  takeOwnership,
  takingOf,
} from './upload/ownership.ts'
