export { GcsBackend, type EnsureBucketOptions } from './gcs-backend.ts'
export type { GcsBackendOptions } from './gcs-backend-options.ts'
export { GcsError } from './gcs-error.ts'
