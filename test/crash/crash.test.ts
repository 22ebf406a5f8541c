import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { DepotManager } from '@filedepot/core'
import { Ledger } from '@filedepot/ledger'
import { runCrashes } from '@filedepot/testing/crash'
import { join } from 'node:path'
import { openCrashDatabase, type CrashDatabase } from './crash-database.ts'
import { openLocal, openS3, type CrashStorage } from './crash-storage.ts'

/** Over all databases, storages and programs. */
const KILLS = Number(process.env.FILEDEPOT_TEST_KILLS ?? (process.env.CI ? 100 : 20))
const SEED = Number(process.env.FILEDEPOT_TEST_SEED ?? (process.env.CI ? 2026 : Date.now() % 2 ** 31))
const SHARES = [
  ['plain', 'local', 0.12],
  ['plain', 's3', 0.08],
  ['typeorm', 'local', 0.14],
] as const

describe.each(SHARES)('a program (%s) that is killed, with files on %s', (program, place, share) => {
  const kills = Math.max(1, Math.ceil(KILLS * share))
  let database: CrashDatabase
  let storage: CrashStorage

  beforeAll(async () => {
    database = await openCrashDatabase()
    storage = await (place === 'local' ? openLocal() : openS3())
  })

  afterAll(async () => {
    await storage.close()
    await database.close()
  })

  it(
    `loses no file and leaks none (seed ${SEED}, ${kills} kills)`,
    async () => {
      const depot = new DepotManager()
      depot.configure('default', storage.backend)
      const ledger = new Ledger(depot, database.client, { columns: [{ table: 'documents', column: 'file' }] })
      await ledger.install()

      const report = await runCrashes({
        program: join(import.meta.dirname, `${program}-program.mjs`),
        options: { database: database.place, storage: storage.place },
        kills,
        seed: SEED,
        steps: 20,
        // TypeORM has one connection to SQLite, on which one transaction at a time can be open.
        lanes: program === 'typeorm' && database.place.kind === 'sqlite' ? 1 : 2,
        async recover() {
          await database.untilOver()
          await storage.untilOver()
          // As if the ten minutes were over in which nobody else deletes what the dead program has taken.
          await database.run('UPDATE filedepot_files SET retry_at = NULL WHERE discarded_at IS NOT NULL')
          await ledger.drain()
          await ledger.sweep({ grace: 0 })
        },
        async rows() {
          const rows = await database.run('SELECT file FROM documents')
          return rows.flatMap(({ file }) => (JSON.parse(String(file)) as { files: string[] }).files)
        },
        async files() {
          const paths: string[] = []
          for await (const id of depot.get().list()) paths.push(depot.get().path(id))
          return [...paths, ...(await storage.leftovers())]
        },
      })

      expect(report).toMatchObject({ kills, lost: [], leaked: [] })
      if (process.env.FILEDEPOT_TEST_KILLS) console.log(program, place, report)
    },
    Math.max(240_000, kills * 5000),
  )
})
