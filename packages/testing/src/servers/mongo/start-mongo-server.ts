import { MongoServer, type MongoServerOptions } from './mongo-server.ts'

/**
 * Starts a server that the official driver takes for a MongoDB 7 with one member, in some milliseconds.
 *
 * ```ts
 * import { startMongoServer } from '@filedepot/testing/mongo-server'
 *
 * const server = await startMongoServer()
 * console.log(server.uri) //=> mongodb://127.0.0.1:41234/?replicaSet=rs0
 * await server.close()
 * ```
 */
export function startMongoServer(options: MongoServerOptions = {}): Promise<MongoServer> {
  return MongoServer.start(options)
}
