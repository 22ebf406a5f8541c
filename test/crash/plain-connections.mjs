import { mysqlClient, pgClient, sqliteClient } from '@filedepot/ledger'

/** For each database: a client of the ledger, and transactions with `?` for parameters. */
export const connections = {
  async sqlite({ file }, points) {
    const { default: Database } = await import('better-sqlite3')
    const database = new Database(file)
    let turn = Promise.resolve()
    // One transaction at a time is open on the one connection.
    const transaction = (action, ending = 'COMMIT') => {
      const run = async () => {
        const query = (label, sql, values = []) =>
          points.around(label, async () => {
            const statement = database.prepare(sql)
            return statement.reader ? statement.all(...values) : statement.run(...values)
          })
        await query('begin', 'BEGIN IMMEDIATE')
        const result = await action(query)
        await query(ending.toLowerCase(), ending)
        return result
      }
      const result = turn.then(run)
      turn = result.catch(() => undefined)
      return result
    }
    return { client: sqliteClient(database), transaction, end: async () => database.close() }
  },

  async postgres({ url }, points) {
    const { default: pg } = await import('pg')
    const pool = new pg.Pool({ connectionString: url, application_name: 'filedepot crash' })
    const transaction = async (action, ending = 'COMMIT') => {
      const client = await pool.connect()
      const query = (label, sql, values = []) => {
        let count = 0
        return points.around(
          label,
          async () =>
            (
              await client.query(
                sql.replaceAll('?', () => `$${++count}`),
                values,
              )
            ).rows,
        )
      }
      await query('begin', 'BEGIN')
      const result = await action(query)
      await query(ending.toLowerCase(), ending)
      client.release()
      return result
    }
    return { client: pgClient(pool), transaction, end: () => pool.end() }
  },

  async mariadb({ url }, points) {
    const { createPool } = await import('mysql2/promise')
    const pool = createPool({ uri: url })
    const transaction = async (action, ending = 'COMMIT') => {
      const connection = await pool.getConnection()
      const query = (label, sql, values = []) =>
        points.around(label, async () => (await connection.query(sql, values))[0])
      await query('begin', 'BEGIN')
      const result = await action(query)
      await query(ending.toLowerCase(), ending)
      connection.release()
      return result
    }
    return { client: mysqlClient(pool), transaction, end: () => pool.end() }
  },
}
