export { S3Backend } from './s3-backend.ts'
export type { S3BackendOptions } from './s3-backend-options.ts'
export type { S3Encryption } from './encryption.ts'
export { S3Error } from './client/s3-error.ts'
