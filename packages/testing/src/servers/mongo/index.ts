export { startMongoServer } from './start-mongo-server.ts'
export type { MongoServer, MongoServerOptions } from './mongo-server.ts'
export type { CommandFailure } from './fail-points.ts'
