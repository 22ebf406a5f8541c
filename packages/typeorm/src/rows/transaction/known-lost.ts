import type { QueryRunner } from 'typeorm'

/** What the drivers know of their connections, as far as we ask for it. */
interface DriverConnection {
  /** Of pg: false when the connection has failed or has ended. */
  readonly _queryable?: boolean
  /** Of mysql2: what has ended the connection. */
  readonly _fatalError?: unknown
  readonly stream?: { readonly destroyed?: boolean }
}

/** True where the driver has already noticed that the connection is gone, so that it sends nothing more. */
export function isConnectionKnownLost(queryRunner: QueryRunner): boolean {
  if (queryRunner.isReleased) return true
  const { databaseConnection: connection } = queryRunner as { databaseConnection?: DriverConnection }
  if (!connection) return false
  const { _queryable, _fatalError, stream } = connection
  return _queryable === false || Boolean(_fatalError) || stream?.destroyed === true
}
