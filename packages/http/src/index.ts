// Serving.
export { createFileHandler, type ContextArgument, type FileHandler } from './serve/file-handler.ts'
export type {
  CachingOptions,
  FileHandlerOptions,
  SendfileOptions,
  Verdict,
} from './serve/file-handler-options.ts'
export type { CorsOptions } from './serve/cors.ts'
export { toNodeHandler, type NodeHandler, type NodeHandlerOptions } from './serve/node-handler.ts'
export { UrlSigner, type SignedClaims, type UrlSignerOptions } from './serve/url-signer.ts'
export type { Disposition } from './serve/content-headers.ts'
export type { FileRequest, RequestedFile } from './serve/file-request.ts'
export type { FileAnswer, FileBodyPart } from './serve/file-answer.ts'

// Receiving.
export { receiveFiles, type ReceiveOptions } from './upload/receive-files.ts'
export type { ReceivedForm } from './upload/received-form.ts'
export type { ArrivalTimeouts } from './upload/arrival-watch.ts'
export type { UploadRequest } from './upload/upload-request.ts'
export type { FileOf, FileRules, FormRules } from './upload/file-rules.ts'
export {
  multerStorage,
  type MulterStorage,
  type MulterStorageOptions,
  type MulterStream,
  type StoredUpload,
} from './upload/multer-storage.ts'
export { formFiles, type FormEntries } from './upload/form-files.ts'

export { httpStatus } from './http-status.ts'
