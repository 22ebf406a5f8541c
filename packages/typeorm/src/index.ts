export { attachDepot, type AttachDepotOptions } from './attach-depot.ts'
export { findOwner, type FindOwnerOptions } from './find-owner.ts'
export { rulesOf, type EntityWithFiles, type FileIn, type FileProperty } from './rules-of.ts'
export {
  UploadedFileColumn,
  uploadedFileColumn,
  type TextColumnOptions,
  type UploadedFileColumnOptions,
} from './uploaded-file-column.ts'
