/** A row that a statement answers with. */
export type LedgerRow = Readonly<Record<string, unknown>>

/** One connection with exclusive use. */
export interface LedgerSession {
  query(sql: string, parameters?: readonly unknown[]): Promise<LedgerRow[]>
}

/**
 * The connections of the ledger. {@link pgClient}, {@link mysqlClient} and {@link sqliteClient} make one from what an
 * application has already; any other driver fits that runs SQL.
 */
export interface LedgerClient {
  readonly database: 'postgres' | 'mysql' | 'sqlite'
  /** Runs an action on a connection of its own. */
  session<T>(action: (session: LedgerSession) => Promise<T>): Promise<T>
}
