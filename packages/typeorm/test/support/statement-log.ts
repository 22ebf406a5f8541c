import type { Logger } from 'typeorm'

/** A logger of TypeORM that keeps the statements: `{ dataSource: { logger: log } }` for a test database. */
export class StatementLog implements Logger {
  readonly #statements: string[] = []

  logQuery(statement: string): void {
    this.#statements.push(statement)
  }

  /** The statements that begin with one of these verbs, of those since this was called last. */
  take(...verbs: string[]): string[] {
    const taken = this.#statements.splice(0)
    return taken.filter((statement) => verbs.some((verb) => statement.startsWith(verb)))
  }

  /** The statements that match, of those since they were taken or cleared last. */
  matching(pattern: RegExp): string[] {
    return this.#statements.filter((statement) => pattern.test(statement))
  }

  clear(): void {
    this.#statements.length = 0
  }

  /** What changed rows, since this was called last. */
  takeWrites(): string[] {
    return this.take('INSERT', 'UPDATE', 'DELETE')
  }

  logQueryError(): void {
    // Errors reach the tests by themselves.
  }

  logQuerySlow(): void {
    // Nothing here is measured.
  }

  logSchemaBuild(statement: string): void {
    this.#statements.push(statement)
  }

  logMigration(): void {
    // No migrations here.
  }

  log(): void {
    // Remarks, and no statements.
  }
}
