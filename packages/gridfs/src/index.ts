export { GridFSBackend } from './gridfs-backend.ts'
export type {
  GridFSBackendOptions,
  GridFSBucketOptions,
  GridFSDbOptions,
  GridFSUriOptions,
} from './gridfs-backend-options.ts'
