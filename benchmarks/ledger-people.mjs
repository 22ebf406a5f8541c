// People of TypeORM in a database with the triggers of a ledger.
import { DepotManager, LocalBackend } from '@filedepot/core'
import { Ledger, mysqlClient, pgClient, sqliteClient } from '@filedepot/ledger'
import { attachDepot, ledgerOf } from '@filedepot/typeorm'
import Database from 'better-sqlite3'
import mysql from 'mysql2/promise'
import pg from 'pg'
import { DataSource } from 'typeorm'
import { openDatabase } from './databases.mjs'
import { emptyFolder } from './harness.mjs'
import { Fileless, Person, PlainPerson, SCHEMAS } from './people.mjs'

/** People whose files filedepot keeps by a ledger. */
export async function peopleOfLedger(kind, scratch) {
  const folder = scratch.folder()
  const depot = new DepotManager()
  depot.configure('default', new LocalBackend(folder))
  const database = await openDatabase(kind, scratch.folder())
  const dataSource = attachDepot(new DataSource(optionsOf(kind, database)), depot, { ledger: true })
  await dataSource.initialize()
  const people = peopleOf(dataSource, folder, { type: Person, table: 'person' })
  return {
    ...people,
    /** The end of a batch: what rows have given up is gone. */
    settle: () => ledgerOf(dataSource).drain(),
    async close() {
      await depot.close()
      await dataSource.destroy()
      await database.drop()
    },
  }
}

/** People whose files the program keeps by hand, in a table with the triggers of a ledger, or without them. */
export async function peopleByHandOn(kind, scratch, { triggers = true } = {}) {
  const folder = scratch.folder()
  const database = await openDatabase(kind, scratch.folder())
  const dataSource = await new DataSource(optionsOf(kind, database)).initialize()
  if (triggers) await installTriggers(kind, database)
  return {
    ...peopleOf(dataSource, folder, { type: PlainPerson, table: 'plain_person' }, triggers),
    settle: async () => undefined,
    async close() {
      await dataSource.destroy()
      await database.drop()
    },
  }
}

function optionsOf(kind, { path, url }) {
  const common = { synchronize: true, entities: SCHEMAS }
  if (kind !== 'sqlite') return { ...common, type: kind, url }
  return {
    ...common,
    type: 'better-sqlite3',
    database: path,
    enableWAL: true,
    prepareDatabase: (db) => db.pragma('synchronous = NORMAL'),
  }
}

async function installTriggers(kind, { path, url }) {
  const columns = [{ table: 'plain_person', column: 'photo' }]
  const [client, end] = clientOf(kind, { path, url })
  await new Ledger(new DepotManager(), client, { columns }).install()
  await end()
}

function clientOf(kind, { path, url }) {
  if (kind === 'sqlite') {
    const database = new Database(path)
    return [sqliteClient(database), () => database.close()]
  }
  const pool = kind === 'postgres' ? new pg.Pool({ connectionString: url }) : mysql.createPool({ uri: url })
  return [kind === 'postgres' ? pgClient(pool) : mysqlClient(pool), () => pool.end()]
}

function peopleOf(dataSource, folder, { type, table }, hasLedger = true) {
  return {
    folder,
    dataSource,
    repository: dataSource.getRepository(type),
    fileless: dataSource.getRepository(Fileless),
    make: (name, photo) => Object.assign(new type(), { name, email: 'ada@example.com', photo }),
    async clear() {
      await dataSource.query(`DELETE FROM ${table}`)
      await dataSource.query('DELETE FROM fileless')
      // Tombstones would be more for one of the contenders than for the others.
      if (hasLedger) await dataSource.query('DELETE FROM filedepot_files')
      emptyFolder(folder)
    },
  }
}
