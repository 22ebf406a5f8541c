// A program with TypeORM that is killed.
import 'reflect-metadata'
import { DepotManager } from '@filedepot/core'
import { crashingBackend, runCrashProgram } from '@filedepot/testing/crash'
import { attachDepot, ledgerOf, uploadedFileColumn } from '@filedepot/typeorm'
import { DataSource, EntitySchema } from 'typeorm'
import { labelDriver } from './labelled-drivers.mjs'
import { openBackend } from './open-backend.mjs'

const Document = new EntitySchema({
  name: 'Document',
  tableName: 'documents',
  columns: { name: { type: String, primary: true, length: 80 }, file: uploadedFileColumn() },
})

await runCrashProgram(async ({ options: { database, storage }, points }) => {
  await labelDriver(database.kind, points)
  const depot = new DepotManager()
  depot.configure('default', crashingBackend(await openBackend(storage), points))
  const place = {
    sqlite: { type: 'better-sqlite3', database: database.file },
    postgres: { type: 'postgres', url: database.url, applicationName: 'killed' },
    mariadb: { type: 'mariadb', url: database.url },
  }[database.kind]
  const dataSource = new DataSource({ ...place, entities: [Document] })
  attachDepot(dataSource, depot, { ledger: { install: false } })
  await dataSource.initialize()
  const rows = dataSource.getRepository(Document)
  return {
    names: async () => (await rows.find({ select: { name: true } })).map(({ name }) => name),
    insert: async (name, file) => void (await rows.insert({ name, file })),
    async replace(name, file) {
      const row = await rows.findOneByOrFail({ name })
      await rows.save(Object.assign(row, { file }))
    },
    remove: async (name) => void (await rows.delete({ name })),
    async rollBack(name, file) {
      const undone = new Error('undone')
      await dataSource
        .transaction(async (manager) => {
          const row = await manager.findOneByOrFail(Document, { name })
          await manager.save(Document, Object.assign(row, { file }))
          throw undone
        })
        .catch((error) => {
          if (error !== undone) throw error
        })
    },
    drain: async () => void (await ledgerOf(dataSource).drain()),
    async close() {
      await depot.close()
      await dataSource.destroy()
    },
  }
})
