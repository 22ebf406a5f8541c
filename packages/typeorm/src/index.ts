export { attachDepot, type AttachDepotOptions } from './attach-depot.ts'
export {
  UploadedFileColumn,
  uploadedFileColumn,
  type TextColumnOptions,
  type UploadedFileColumnOptions,
} from './uploaded-file-column.ts'
