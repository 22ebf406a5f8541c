export { filedepot } from './filedepot.ts'
export { fileRowsOf } from './file-rows-of.ts'
export { findOwner } from './find-owner.ts'
export { ledgerOf } from './ledger/ledger-of.ts'
export { regenerateFiles, type RegenerateFieldOptions } from './ledger/regenerate-files.ts'
export { rulesOf, type FileInField } from './fields/rules-of.ts'
export type {
  FileFieldOptions,
  FileFieldSetting,
  FileModels,
  FiledepotOptions,
  LedgerSettings,
} from './fields/filedepot-options.ts'
export type { FiledepotExtension, FileFieldValue } from './extension/extension-type.ts'
