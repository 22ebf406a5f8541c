import { FiledepotError } from '@filedepot/core'
import type { LedgerClient, LedgerRow, LedgerSession } from '@filedepot/ledger'
import { driverError } from './driver-error.ts'

/** What the ledger uses of a client of Prisma, or of that of a transaction. */
export interface RawClient {
  $queryRawUnsafe(statement: string, ...values: unknown[]): PromiseLike<unknown>
  $disconnect(): Promise<void>
  $transaction<T>(
    action: (transaction: Omit<RawClient, '$disconnect' | '$transaction'>) => Promise<T>,
    options: { maxWait: number; timeout: number; isolationLevel?: string },
  ): Promise<T>
}

/** The kinds of databases, as Prisma names them. */
export type Provider = 'postgresql' | 'mysql' | 'sqlite'

/** @throws FiledepotError `NOT_SUPPORTED` */
export function checkProvider(provider: string): Provider {
  if (provider === 'postgresql' || provider === 'mysql' || provider === 'sqlite') return provider
  throw new FiledepotError(
    'NOT_SUPPORTED',
    `Expected the database to be PostgreSQL, MySQL, MariaDB or SQLite, got ${provider}`,
  )
}

/** Milliseconds. Nothing is to time out: an installation counts all rows. */
const PATIENTLY = { maxWait: 60_000, timeout: 12 * 60 * 60 * 1000 }

/**
 * The ledger on the connections of a client of Prisma, by its public methods. A session is an interactive transaction, as
 * Prisma gives out no connection otherwise.
 */
export function prismaClient(client: RawClient, provider: Provider): LedgerClient {
  if (provider === 'sqlite') return { database: 'sqlite', session: (action) => onSqlite(client, action) }
  if (provider === 'mysql') return { database: 'mysql', session: (action) => onMysql(client, action) }
  return { database: 'postgres', session: (action) => onPostgres(client, action) }
}

/** Single statements, for reads that may be answered within a transaction of the application. */
export function statementsClient(client: RawClient, provider: Provider): LedgerClient {
  const database = provider === 'postgresql' ? 'postgres' : provider
  return { database, session: (action) => action({ query: queryOn(client) }) }
}

/**
 * All of a session is one transaction, so its own BEGIN and COMMIT are left out, and locks end with it. Others see the triggers
 * and the counts of an installation at the same moment; its lock on the flag makes drains wait until then.
 */
async function onPostgres<T>(client: RawClient, action: Action<T>): Promise<T> {
  const options = { ...PATIENTLY, isolationLevel: 'ReadCommitted' }
  return await client.$transaction(async (transaction) => {
    const query = queryOn(transaction)
    return await action({
      async query(sql, parameters) {
        if (/^(BEGIN|COMMIT|SELECT pg_advisory_unlock)\b/.test(sql)) return []
        return await query(sql.replace('pg_try_advisory_lock', 'pg_try_advisory_xact_lock'), parameters)
      },
    })
  }, options)
}

/**
 * Triggers and LOCK TABLES commit by themselves there. So the transaction of Prisma is ended at once, and what is left of it is
 * a connection on which each statement commits.
 */
async function onMysql<T>(client: RawClient, action: Action<T>): Promise<T> {
  return await client.$transaction(
    async (transaction) => {
      const query = queryOn(transaction)
      const session: LedgerSession = {
        query: (sql, parameters = []) => query(...spread(sql, parameters)),
      }
      await query('COMMIT')
      try {
        return await action(session)
      } catch (error) {
        // Prisma gives the connection to others.
        for (const statement of CLEAN_UP) await query(statement).catch(() => undefined)
        throw error
      }
    },
    { ...PATIENTLY },
  )
}

const CLEAN_UP = [
  'ROLLBACK',
  'UNLOCK TABLES',
  'DROP TEMPORARY TABLE IF EXISTS filedepot_delta',
  'SET SESSION lock_wait_timeout = DEFAULT',
  'SET SESSION innodb_lock_wait_timeout = DEFAULT',
  'DO RELEASE_ALL_LOCKS()',
]

/** A list of values is as many parameters. */
function spread(sql: string, parameters: readonly unknown[]): [sql: string, parameters: unknown[]] {
  let index = 0
  const text = sql.replaceAll('?', () => {
    const value = parameters[index++]
    return Array.isArray(value) ? value.map(() => '?').join(', ') : '?'
  })
  return [text, parameters.flat()]
}

/**
 * There is one connection, and Prisma lets one transaction at a time have it, so that no statement of the ledger gets into a
 * transaction of the application. But single statements of the application get into this one: it is committed in any case.
 */
async function onSqlite<T>(client: RawClient, action: Action<T>): Promise<T> {
  const outcome = await client.$transaction(
    async (transaction) => {
      const query = queryOn(transaction)
      const session: LedgerSession = {
        async query(sql, parameters) {
          if (!sql.startsWith('BEGIN')) return await query(sql, parameters)
          // Several statements: what is between BEGIN and COMMIT.
          for (const statement of sql.split(';\n').slice(1, -1)) await query(statement)
          return []
        },
      }
      return await action(session).then(
        (result) => ({ result }),
        (error: unknown) => ({ error }),
      )
    },
    { ...PATIENTLY },
  )
  if ('error' in outcome) throw outcome.error
  return outcome.result
}

type Action<T> = (session: LedgerSession) => Promise<T>

function queryOn(client: Pick<RawClient, '$queryRawUnsafe'>): LedgerSession['query'] {
  return async (sql, parameters = []) => {
    try {
      return (await client.$queryRawUnsafe(sql, ...parameters)) as LedgerRow[]
    } catch (error) {
      throw driverError(error)
    }
  }
}
