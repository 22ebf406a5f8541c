import { afterEach, beforeEach, describe, expect, it } from '@jest/globals'
import { DepotManager, UploadedFile } from '@filedepot/core'
import { Ledger } from '@filedepot/ledger'
import { randomBytes } from 'node:crypto'
import { setImmediate } from 'node:timers/promises'
import { openCrashDatabase, type CrashDatabase } from './crash-database.ts'
import { openLocal, openS3, type CrashStorage } from './crash-storage.ts'
import { killMove } from './kill-move.ts'

/** Rows that are there when the move begins. In full: `FILEDEPOT_TEST_MOVES=10000`. */
const ROWS = Number(process.env.FILEDEPOT_TEST_MOVES ?? 100)
const KILLS = process.env.FILEDEPOT_TEST_MOVES === undefined ? 2 : 5
const WRITERS = 8

let database: CrashDatabase
let storages: Record<'disk' | 'cloud', CrashStorage>
let depot: DepotManager
let ledger: Ledger
/** The drain that is under way, or the last one. */
let drains: Promise<unknown> = Promise.resolve()

beforeEach(async () => {
  database = await openCrashDatabase()
  storages = { disk: await openLocal(), cloud: await openS3() }
  depot = new DepotManager()
  for (const [name, { backend }] of Object.entries(storages)) depot.configure(name, backend)
  ledger = new Ledger(depot, database.client, { columns: [{ table: 'documents', column: 'file' }] })
  await ledger.install()
})

afterEach(async () => {
  for (const storage of Object.values(storages)) await storage.close()
  await database.close()
})

/** A new value, with a file in one of the storages. */
async function upload(storage: string): Promise<string> {
  const bytes = randomBytes(1 + Math.floor(Math.random() * 4000))
  return JSON.stringify(await depot.upload(UploadedFile.from(bytes), { storage }))
}

async function insert(name: string, file: string): Promise<void> {
  await database.run(`INSERT INTO documents (name, file) VALUES ('${name}', '${file}')`)
}

/** What the rows refer to. */
async function pathsOfRows(): Promise<string[]> {
  const rows = await database.run('SELECT file FROM documents')
  return rows.flatMap(({ file }) => (JSON.parse(String(file)) as { files: string[] }).files).sort()
}

async function pathsOfFiles(): Promise<string[]> {
  const paths: string[] = []
  for (const storage of depot.storages()) for await (const id of storage.list()) paths.push(storage.path(id))
  for (const { leftovers } of Object.values(storages)) paths.push(...(await leftovers()))
  return paths.sort()
}

async function drainUntil(signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    drains = ledger.drain()
    await drains
    await setImmediate()
  }
}

/**
 * Replaces, removes, adds and reads rows, until it is told to stop. No other writer has the same rows, so each read has to find
 * the file that the row has just named, and its bytes.
 */
class Writer {
  isOver = false
  readonly done = { reads: 0, replaced: 0, removed: 0, added: 0 }
  readonly failedReads: unknown[] = []
  readonly #names: string[]
  readonly #prefix: string
  readonly #stored: readonly string[]

  constructor(prefix: string, names: string[], stored: readonly string[]) {
    this.#prefix = prefix
    this.#names = names
    this.#stored = stored
  }

  async run(): Promise<void> {
    for (let step = 0; !this.isOver; step++) {
      const name = this.#names[Math.floor(Math.random() * this.#names.length)]
      const what = Math.random()
      if (name === undefined || what < 0.1) {
        const fresh = `${this.#prefix}new-${step}`
        await insert(fresh, await this.#upload())
        this.#names.push(fresh)
        this.done.added++
      } else if (what < 0.2) {
        await database.run(`DELETE FROM documents WHERE name = '${name}'`)
        this.#names.splice(this.#names.indexOf(name), 1)
        this.done.removed++
      } else if (what < 0.4) {
        await database.run(`UPDATE documents SET file = '${await this.#upload()}' WHERE name = '${name}'`)
        this.done.replaced++
      } else await this.#read(name)
      // The service of one of the storages runs in this process, too.
      await setImmediate()
    }
  }

  async #upload(): Promise<string> {
    return await upload(this.#stored[Math.floor(Math.random() * this.#stored.length)] ?? '')
  }

  /** As a slow request does: it reads the row, and sometimes only after a drain the file that the row had. */
  async #read(name: string): Promise<void> {
    const [row] = await database.run(`SELECT file FROM documents WHERE name = '${name}'`)
    if (Math.random() < 0.2) {
      await drains
      await setImmediate()
      await drains
    }
    this.done.reads++
    try {
      const value = UploadedFile.fromJSON(String(row?.file))
      const bytes = await (await depot.getFile(value.path)).bytes()
      if (bytes.byteLength !== value.size) throw new Error(`${value.path} has ${bytes.byteLength} bytes`)
    } catch (error) {
      this.failedReads.push(error)
    }
  }
}

describe.each([
  ['disk', 'cloud'],
  ['cloud', 'disk'],
] as const)('moving files from %s to %s', (from, to) => {
  it(
    `loses none and leaks none while others write and read, and through ${KILLS} kills`,
    async () => {
      const names: string[] = []
      for (let row = 0; row < ROWS; row++) {
        names.push(`${row % WRITERS}-${row}`)
        await insert(`${row % WRITERS}-${row}`, await upload(from))
      }
      const writers = Array.from({ length: WRITERS }, (_, writer) => {
        const prefix = `${writer}-`
        const own = names.filter((name) => name.startsWith(prefix))
        // Half of them are of an old version of the application.
        return new Writer(prefix, own, writer % 2 === 0 ? [to] : [from, to])
      })
      const writing = Promise.all(writers.map((writer) => writer.run()))
      const draining = new AbortController()
      const drained = drainUntil(draining.signal)
      const options = {
        database: database.place,
        storages: { disk: storages.disk.place, cloud: storages.cloud.place },
        from,
        to,
      }

      let killed = 0
      for (let kill = 1; kill <= KILLS; kill++) {
        const { report } = await killMove(options, Math.ceil(ROWS / (KILLS + 1) / 2))
        if (!report) killed++
      }
      // Here it comes to its end, as far as the writers let it.
      await killMove(options, Infinity)
      for (const writer of writers) writer.isOver = true
      await writing
      const report = await ledger.moveFiles({ from, to })
      draining.abort()
      await drained

      expect(killed).toBe(KILLS)
      expect(report).toMatchObject({ left: 0, failed: 0 })
      expect(writers.flatMap(({ failedReads }) => failedReads)).toEqual([])
      await database.untilOver()
      await storages.cloud.untilOver()
      // As if all times to wait were over.
      await database.run('UPDATE filedepot_files SET retry_at = NULL WHERE discarded_at IS NOT NULL')
      await ledger.drain()
      await ledger.sweep({ grace: 0 })
      const rows = await pathsOfRows()
      expect(rows.filter((path) => !path.startsWith(`${to}/`))).toEqual([])
      expect(await pathsOfFiles()).toEqual(rows)
      expect(await ledger.verify({ hash: true, grace: 0 })).toMatchObject({
        dangling: 0,
        changed: 0,
        orphaned: 0,
      })
      if (process.env.FILEDEPOT_TEST_MOVES !== undefined) {
        const sum = (key: 'reads' | 'replaced' | 'removed' | 'added') =>
          writers.reduce((total, { done }) => total + done[key], 0)
        console.log(from, to, {
          rows: rows.length,
          killed,
          reads: sum('reads'),
          replaced: sum('replaced'),
          removed: sum('removed'),
          added: sum('added'),
        })
      }
    },
    120_000 + ROWS * 200,
  )
})
