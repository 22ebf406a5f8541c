// "@filedepot/core/integration": for packages that let files follow rows, or that copy and check many of them.
export type { EnvironmentBackend, EnvironmentSettings } from './depot/backend-from-environment.ts'
export type { PendingUpload } from './upload/uploaded-file.ts'
export { formatFilePath, type FileLocation } from './file-path.ts'
export { copyFile, type CopyFileOptions, type FileCopy } from './storage/copy-file.ts'
export { Pace } from './storage/pace.ts'
export { columnRules, type ColumnRules } from './content/column-rules.ts'
export {
  FileTransaction,
  type FileTransactionOptions,
  type TransactionOutcome,
} from './transaction/file-transaction.ts'
export {
  attachFile,
  conformRenamed,
  mayRunProgramCode,
  type AttachOptions,
} from './transaction/attach-file.ts'
export { storeForRow, type FileForRow, type StoreForRowOptions } from './transaction/store-for-row.ts'
export { isAnswerOfMysql, isAnswerOfPostgres } from './transaction/database-answer.ts'
export {
  transactionControlOf,
  type SqlFamily,
  type TransactionControl,
} from './transaction/transaction-control.ts'
export { waitUpTo } from './transaction/wait-up-to.ts'
export { NO_TURNS, TurnsOnOneConnection, type Turns, type TurnsOptions } from './transaction/turns.ts'
export { bindManager, boundManager } from './upload/manager-binding.ts'
export { rememberText, textOf } from './upload/value-text.ts'
export { isUploadedFile, isVerified } from './upload/verification.ts'
export { isBroken, isWholeColumn, locate, type ValuePlace } from './upload/broken-value.ts'
export { readRowList, readRowValue } from './upload/row-value.ts'
export {
  giveBack,
  giveBackOriginal,
  isRevoked,
  markRevoked,
  movedFrom,
  takeOwnership,
  takingOf,
} from './upload/ownership.ts'
