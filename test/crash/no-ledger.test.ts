import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { DepotManager } from '@filedepot/core'
import { collectGarbage, fileRows, verifyFiles, type Finding } from '@filedepot/ledger'
import { killProgram } from '@filedepot/testing/crash'
import { join } from 'node:path'
import { kind } from '../databases/database-kind.ts'
import { openCrashDatabase, type CrashDatabase } from './crash-database.ts'
import { openLocal, type CrashStorage } from './crash-storage.ts'

/** Over all databases and tests of crashes. */
const KILLS = Number(process.env.FILEDEPOT_TEST_KILLS ?? 100)
const SEED = Number(process.env.FILEDEPOT_TEST_SEED ?? (process.env.CI ? 2026 : Date.now() % 2 ** 31))
const kills = Math.ceil(KILLS * (kind === 'sqlite' ? 0.5 : 0.1))

describe('a program without a ledger that is killed', () => {
  let database: CrashDatabase
  let storage: CrashStorage

  beforeAll(async () => {
    database = await openCrashDatabase({ hasLedger: false })
    storage = await openLocal()
  })

  afterAll(async () => {
    await storage.close()
    await database.close()
  })

  it(
    `leaves files that verify and gc find, all of them and no other (seed ${SEED}, ${kills} kills)`,
    async () => {
      const depot = new DepotManager()
      depot.configure('default', storage.backend)
      const program = join(import.meta.dirname, 'no-ledger-program.mjs')
      const options = { database: database.place, storage: storage.place }
      let killed = 0
      for (let run = 0; run < kills; run++) {
        const { isKilled } = await killProgram({
          program,
          options,
          seed: SEED + run,
          after: (run * 37) % 150,
        })
        if (isKilled) killed++
      }
      await database.untilOver()
      const stored = async () => {
        const paths: string[] = []
        for await (const id of depot.get().list()) paths.push(depot.get().path(id))
        return paths
      }
      const wanted = (await database.run('SELECT file FROM documents')).flatMap(
        ({ file }) => (JSON.parse(String(file)) as { files: string[] }).files,
      )
      const unwanted = (await stored()).filter((path) => !wanted.includes(path))
      const rows = fileRows(database.client, { columns: [{ table: 'documents', column: 'file' }] })
      const findings: Finding[] = []

      const report = await verifyFiles(depot, rows, {
        grace: 0,
        hash: true,
        onFinding: (finding) => void findings.push(finding),
      })
      const { deleted, failed } = await collectGarbage(depot, rows, { grace: 0, delete: true, force: true })

      expect(killed).toBeGreaterThan(kills / 2)
      expect(unwanted.length).toBeGreaterThan(killed / 2)
      expect(findings.map((finding) => finding.kind)).toEqual(unwanted.map(() => 'orphaned'))
      expect(new Set(findings.map((finding) => ('path' in finding ? finding.path : '')))).toEqual(
        new Set(unwanted),
      )
      expect(report).toMatchObject({ values: wanted.length, dangling: 0, changed: 0, unreadable: 0 })
      expect({ deleted, failed }).toEqual({ deleted: unwanted.length, failed: 0 })
      expect((await stored()).sort()).toEqual(wanted.sort())
    },
    Math.max(240_000, kills * 5000),
  )
})
