import type { CrashPoints } from './crash-points.ts'

/** What is labelled of a client of the ledger. */
export interface CrashableClient {
  session<T>(action: (session: CrashableSession) => Promise<T>): Promise<T>
}

/** One of its connections. */
export interface CrashableSession {
  query(sql: string, parameters?: readonly unknown[]): Promise<Readonly<Record<string, unknown>>[]>
}

/**
 * A client of `@filedepot/ledger` whose statements are labelled by their first word: `ledger.update:before`,
 * `ledger.update:sent`, `ledger.update:after`, `ledger.commit:before`, …
 *
 * ```ts
 * import { depot } from '@filedepot/core'
 * import { Ledger, pgClient } from '@filedepot/ledger'
 * import { crashingClient, CrashPoints } from '@filedepot/testing/crash'
 * import { Pool } from 'pg'
 *
 * const client = crashingClient(pgClient(new Pool()), new CrashPoints({ label: 'ledger.commit:sent', passing: 1 }))
 * const ledger = new Ledger(depot, client, { columns: [{ table: 'documents', column: 'content' }] })
 * ```
 */
export function crashingClient<C extends CrashableClient>(client: C, points: CrashPoints): C {
  return {
    ...client,
    session: <T>(action: (session: CrashableSession) => Promise<T>) =>
      client.session((session) =>
        action({
          query: (sql, parameters) =>
            points.around(`ledger.${firstWord(sql)}`, () => session.query(sql, parameters)),
        }),
      ),
  }
}

function firstWord(sql: string): string {
  return /[a-z]+/i.exec(sql)?.[0].toLowerCase() ?? 'statement'
}
