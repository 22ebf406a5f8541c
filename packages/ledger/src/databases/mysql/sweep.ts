import { placeOf, type SweepDatabase } from '../sweep-database.ts'
import { readCommitted } from './read-committed.ts'
import { readPage } from './row-pages.ts'

const NOW = 'UTC_TIMESTAMP(6)'
const fromNow = `${NOW} + INTERVAL (?) * 1000 MICROSECOND`
const msOf = (column: string) => `FLOOR(TIMESTAMPDIFF(MICROSECOND, '1970-01-01', ${column}) / 1000)`

export function sweepDatabase(): SweepDatabase {
  return {
    now: async (session) => Number((await session.query(`SELECT ${msOf(NOW)} AS now`))[0]?.now),
    readState,
    async replaceState(session, name, { before, after }) {
      await session.query(
        before === undefined
          ? 'INSERT IGNORE INTO filedepot_state (name, value) VALUES (?, ?)'
          : 'UPDATE filedepot_state SET value = ? WHERE name = ? AND value = ?',
        before === undefined ? [name, after] : [after, name, before],
      )
      // Drivers do not agree on how many rows an UPDATE says that it has changed, and no two values are the same.
      return (await readState(session, name)) === after
    },
    async places(session, paths) {
      if (paths.length === 0) return []
      const rows = await session.query(
        `SELECT path, refs, ${msOf('discarded_at')} AS discarded, gone, attempts, ${msOf('retry_at')} AS retry, last_error AS error
          FROM filedepot_files WHERE path IN (?)`,
        [paths],
      )
      return rows.map(placeOf)
    },
    async deleteAgain(session, paths, lease) {
      if (paths.length === 0) return
      await readCommitted(session)
      await session.query(
        `UPDATE filedepot_files SET discarded_at = ${NOW}, attempts = 1, retry_at = ${fromNow} WHERE path IN (?) AND gone AND discarded_at IS NULL`,
        [lease, paths],
      )
    },
    async postpone(session, path, ms) {
      await session.query(
        `UPDATE filedepot_files SET discarded_at = ${NOW}, retry_at = ${fromNow} WHERE path = ? AND NOT gone AND discarded_at IS NOT NULL`,
        [ms, path],
      )
      const rows = await session.query(
        `SELECT 1 FROM filedepot_files WHERE path = ? AND NOT gone AND discarded_at IS NOT NULL`,
        [path],
      )
      return rows.length > 0
    },
    readPage,
  }
}

const readState: SweepDatabase['readState'] = async (session, name) => {
  const [row] = await session.query('SELECT value FROM filedepot_state WHERE name = ?', [name])
  return row && String(row.value)
}
