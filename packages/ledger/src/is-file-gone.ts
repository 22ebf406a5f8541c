/** The constraint that keeps rows from referring to a file that is deleted. */
const CONSTRAINT = 'filedepot_gone'

/** Errors of an ORM hold that of the driver in their cause, or beside it. */
const DEEPEST = 8

/**
 * True if the database has refused a row because it refers to a file that was deleted, or is about to be. It looks into
 * what an ORM has made of the error.
 *
 * ```ts
 * import { isFileGone } from '@filedepot/ledger'
 * import type { Pool } from 'pg'
 *
 * async function restore(pool: Pool, id: number, content: string): Promise<boolean> {
 *   try {
 *     await pool.query('UPDATE documents SET content = $1 WHERE id = $2', [content, id])
 *     return true
 *   } catch (error) {
 *     if (isFileGone(error)) return false
 *     throw error
 *   }
 * }
 * ```
 */
export function isFileGone(error: unknown): boolean {
  let current = error
  for (let depth = 0; depth < DEEPEST && typeof current === 'object' && current !== null; depth++) {
    const { message, cause } = current as { message?: unknown; cause?: unknown }
    if (typeof message === 'string' && message.includes(CONSTRAINT)) return true
    current = cause
  }
  return false
}
