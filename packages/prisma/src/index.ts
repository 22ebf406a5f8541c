export { filedepot } from './filedepot.ts'
export type { FileFieldOptions, FileFieldSetting, FileModels, FiledepotOptions } from './filedepot-options.ts'
export type { FiledepotExtension, FileFieldValue } from './extension-type.ts'
