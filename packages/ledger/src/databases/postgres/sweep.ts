import type { LedgerSession } from '../../clients/ledger-client.ts'
import { placeOf, type SweepDatabase } from '../sweep-database.ts'
import type { PostgresNames } from './names.ts'
import { readPage } from './row-pages.ts'

const msOf = (column: string) => `floor(extract(epoch FROM ${column}) * 1000)::float8`
const fromNow = (parameter: string) => `now() + make_interval(secs => ${parameter}::float8 / 1000)`

export function sweepDatabase({ files, state }: PostgresNames): SweepDatabase {
  return {
    now: async (session) =>
      Number((await session.query(`SELECT ${msOf('clock_timestamp()')} AS now`))[0]?.now),
    async readState(session, name) {
      const [row] = await session.query(`SELECT value FROM ${state} WHERE name = $1`, [name])
      return row && String(row.value)
    },
    async replaceState(session, name, { before, after }) {
      const rows =
        before === undefined
          ? await session.query(
              `INSERT INTO ${state} (name, value) VALUES ($1, $2) ON CONFLICT (name) DO NOTHING RETURNING name`,
              [name, after],
            )
          : await session.query(
              `UPDATE ${state} SET value = $2 WHERE name = $1 AND value = $3 RETURNING name`,
              [name, after, before],
            )
      return rows.length > 0
    },
    async places(session, paths) {
      const rows = await session.query(
        `SELECT path, refs, ${msOf('discarded_at')} AS discarded, gone, attempts, ${msOf('retry_at')} AS retry, last_error AS error
          FROM ${files} WHERE path = ANY($1)`,
        [paths],
      )
      return rows.map(placeOf)
    },
    async deleteAgain(session, paths, lease) {
      await session.query(
        `UPDATE ${files} SET discarded_at = clock_timestamp(), attempts = 1, retry_at = ${fromNow('$2')} WHERE path = ANY($1) AND gone AND discarded_at IS NULL`,
        [paths, lease],
      )
    },
    async postpone(session: LedgerSession, path, ms) {
      const rows = await session.query(
        `UPDATE ${files} SET discarded_at = now(), retry_at = ${fromNow('$2')}
          WHERE path = $1 AND NOT gone AND discarded_at IS NOT NULL RETURNING path`,
        [path, ms],
      )
      return rows.length > 0
    },
    readPage,
  }
}
