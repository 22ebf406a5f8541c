import type { Logger } from 'typeorm'

/** Writes down the statements of a data source, which it is given to as its `logger`. */
export class StatementLog implements Logger {
  readonly #statements: string[] = []

  /** The statements since the last call of {@link StatementLog.clear} that match. */
  matching(pattern: RegExp): string[] {
    return this.#statements.filter((statement) => pattern.test(statement))
  }

  clear(): void {
    this.#statements.length = 0
  }

  logQuery(query: string): void {
    this.#statements.push(query)
  }

  logQueryError(): void {
    // It was logged before it ran.
  }

  logQuerySlow(): void {
    // The same.
  }

  logSchemaBuild(): void {
    // No statement of the tests.
  }

  logMigration(): void {
    // The same.
  }

  log(): void {
    // No statement.
  }
}
