export { startGcsServer, type GcsServer, type GcsServerOptions } from './start-gcs-server.ts'
export type { GcsFault } from './faults.ts'
export type { GcsRequestKind } from './route.ts'
