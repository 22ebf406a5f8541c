export { filedepot } from './filedepot.ts'
export { rulesOf, type FileInField } from './rules-of.ts'
export type { FileFieldOptions, FileFieldSetting, FileModels, FiledepotOptions } from './filedepot-options.ts'
export type { FiledepotExtension, FileFieldValue } from './extension-type.ts'
