/** Labels each statement that goes by pg, mysql2 or better-sqlite3, whoever sends it: `sql.insert:before`, … */
export async function labelDriver(kind, points) {
  if (kind === 'postgres') {
    const { default: pg } = await import('pg')
    const { query } = pg.Client.prototype
    pg.Client.prototype.query = function (given, ...rest) {
      const label = labelOf(given)
      points.pass(`${label}:before`)
      const answer = query.call(this, given, ...rest)
      points.pass(`${label}:sent`)
      if (typeof answer?.then !== 'function') return answer
      return answer.then((result) => {
        points.pass(`${label}:after`)
        return result
      })
    }
  } else if (kind === 'mariadb') {
    const { default: mysql } = await import('mysql2')
    // That of all connections, also of those of pools.
    const prototype = Object.getPrototypeOf(mysql.Connection.prototype)
    const { query } = prototype
    prototype.query = function (...given) {
      const label = labelOf(given[0])
      points.pass(`${label}:before`)
      const command = query.apply(this, given)
      points.pass(`${label}:sent`)
      return command
    }
  } else {
    const { default: Database } = await import('better-sqlite3')
    const { prepare } = Database.prototype
    Database.prototype.prepare = function (sql) {
      const statement = prepare.call(this, sql)
      for (const name of ['run', 'all']) {
        const run = statement[name]
        statement[name] = function (...values) {
          points.pass(`${labelOf(sql)}:before`)
          const result = run.apply(this, values)
          points.pass(`${labelOf(sql)}:after`)
          return result
        }
      }
      return statement
    }
  }
}

function labelOf(given) {
  const sql = typeof given === 'string' ? given : (given?.sql ?? given?.text ?? '')
  return `sql.${/[a-z]+/i.exec(sql)?.[0].toLowerCase() ?? 'other'}`
}
