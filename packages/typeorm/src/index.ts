export { attachDepot, type AttachDepotOptions } from './attach-depot.ts'
export { ledgerOf, type DataSourceLedgerOptions } from './ledger/attach-ledger.ts'
export { regenerateFiles, type RegenerateColumnOptions } from './ledger/regenerate-files.ts'
export { isFileGone } from '@filedepot/ledger'
export { entityFileColumns, fileRowsOf, type EntityFileColumn } from './file-rows.ts'
export { findOwner, type FindOwnerOptions } from './find-owner.ts'
export { rulesOf, type EntityWithFiles, type FileIn, type FileProperty } from './column/rules-of.ts'
export {
  UploadedFileColumn,
  uploadedFileColumn,
  type TextColumnOptions,
  type UploadedFileColumnOptions,
} from './column/uploaded-file-column.ts'
