/** What a file column of one row holds. */
export interface FileRow {
  /** The table, collection or model. */
  readonly table: string
  /** The column or field. */
  readonly column: string
  /** The primary key: the columns or fields with their values. Of a row without one, whatever finds it again. */
  readonly key: Readonly<Record<string, unknown>>
  /**
   * As the database has it: text, JSON, or uploaded files; one value or an array of them. A value without files, such as
   * `null`, may be left out.
   */
  readonly value: unknown
}

/**
 * All values of the file columns of an application, for reports and for collecting garbage. Leave out no row that
 * refers to a file, such as a soft-deleted one: its files count as garbage. Each call reads the rows anew, a page at a time.
 *
 * ```ts
 * import type { FileRows } from '@filedepot/ledger'
 * import type { Pool } from 'pg'
 *
 * const documentsOf = (pool: Pool): FileRows => ({
 *   async *values() {
 *     for (let last = 0, rows: { id: number; content: unknown }[] = []; ; ) {
 *       rows = (await pool.query('SELECT id, content FROM documents WHERE id > $1 ORDER BY id LIMIT 1000', [last])).rows
 *       for (const { id, content } of rows) yield { table: 'documents', column: 'content', key: { id }, value: content }
 *       const { id } = rows.at(-1) ?? {}
 *       if (id === undefined) return
 *       last = id
 *     }
 *   },
 * })
 * ```
 */
export interface FileRows {
  values(signal?: AbortSignal): AsyncIterable<FileRow>
}
