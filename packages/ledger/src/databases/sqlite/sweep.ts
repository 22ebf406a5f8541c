import { placeOf, type SweepDatabase } from '../sweep-database.ts'
import { readPage } from './row-pages.ts'

/** Milliseconds since 1970. */
const NOW = "CAST(unixepoch('subsec') * 1000 AS INTEGER)"

/** Each function is one statement, or does no harm in between. */
export function sweepDatabase(): SweepDatabase {
  return {
    now: async (session) => Number((await session.query(`SELECT ${NOW} AS now`))[0]?.now),
    async readState(session, name) {
      const [row] = await session.query('SELECT value FROM filedepot_state WHERE name = ?', [name])
      return row && String(row.value)
    },
    async replaceState(session, name, { before, after }) {
      const rows = await session.query(
        before === undefined
          ? 'INSERT INTO filedepot_state (name, value) VALUES (?, ?) ON CONFLICT (name) DO NOTHING RETURNING name'
          : 'UPDATE filedepot_state SET value = ? WHERE name = ? AND value = ? RETURNING name',
        before === undefined ? [name, after] : [after, name, before],
      )
      return rows.length > 0
    },
    async places(session, paths) {
      const rows = await session.query(
        `SELECT path, refs, discarded_at AS discarded, gone, attempts, retry_at AS retry, last_error AS error
          FROM filedepot_files WHERE path IN (SELECT value FROM json_each(?))`,
        [JSON.stringify(paths)],
      )
      return rows.map(placeOf)
    },
    async deleteAgain(session, paths, lease) {
      await session.query(
        `UPDATE filedepot_files SET discarded_at = ${NOW}, attempts = 1, retry_at = ${NOW} + ?
          WHERE path IN (SELECT value FROM json_each(?)) AND gone AND discarded_at IS NULL`,
        [lease, JSON.stringify(paths)],
      )
    },
    async postpone(session, path, ms) {
      const rows = await session.query(
        `UPDATE filedepot_files SET discarded_at = ${NOW}, retry_at = ${NOW} + ?
          WHERE path = ? AND NOT gone AND discarded_at IS NOT NULL RETURNING path`,
        [ms, path],
      )
      return rows.length > 0
    },
    readPage,
  }
}
