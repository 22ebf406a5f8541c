// Does one job of a ledger on SQLite with so many files and rows, and prints how long it took and how much the process grew.
import { DepotManager, LocalBackend } from '@filedepot/core'
import { firstFileIdAt } from '@filedepot/core/backend'
import { Ledger, sqliteClient } from '@filedepot/ledger'
import Database from 'better-sqlite3'
import { join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import { MIB } from '../harness.mjs'

const [job, amount, folder] = process.argv.slice(2)
const count = Number(amount)
const DAYS = 100
const DAY = 24 * 60 * 60 * 1000
const end = Date.now() - 2 * DAY

const database = new Database(join(folder, 'ledger.db'))
database.pragma('journal_mode = WAL')
database.pragma('synchronous = OFF')
database.exec('CREATE TABLE documents (id INTEGER PRIMARY KEY, file TEXT)')
const depot = new DepotManager()
const ledger = new Ledger(depot, sqliteClient(database), {
  columns: [{ table: 'documents', column: 'file' }],
})

if (job === 'drain') await drain()
else await compare()

async function drain() {
  const files = depot.configure('default', new LocalBackend(join(folder, 'files')))
  await ledger.install()
  const ids = []
  for (let n = 0; n < count; n++) ids.push(await files.create(Buffer.from(String(n))))
  fill(ids)
  database.exec('DELETE FROM documents')
  const start = performance.now()
  const { deleted } = await ledger.drain()
  const seconds = (performance.now() - start) / 1000
  if (deleted !== count) throw new Error(`Expected ${count} files to be deleted, got ${deleted}`)
  print({ files: deleted, seconds })
}

/** The storage is simulated, as a million files are more than a temporary disk holds; one in a thousand has no row. */
async function compare() {
  depot.configure('default', new SimulatedBackend())
  fill(idsWithRows())
  await ledger.install()
  database.exec(`UPDATE filedepot_state SET value = '0' WHERE name = 'installed'`)
  if (job === 'sweep') {
    // The first one lists all. The second one finds what came in the two days since.
    await ledger.sweep({ grace: 3 * DAY, force: true })
    const start = performance.now()
    const { listed } = await ledger.sweep({ grace: 2 * DAY, force: true })
    print({ listed, seconds: (performance.now() - start) / 1000 })
    return
  }
  await setTimeout(100)
  globalThis.gc()
  const baseline = process.memoryUsage.rss()
  let peak = baseline
  const timer = setInterval(sample, 5)
  const start = performance.now()
  const { orphaned, dangling } = await ledger[job]()
  const seconds = (performance.now() - start) / 1000
  clearInterval(timer)
  sample()
  if (orphaned !== Math.ceil(count / 1000) || dangling !== 0) {
    throw new Error(
      `Expected ${Math.ceil(count / 1000)} files without a row, got ${orphaned} and ${dangling} lost`,
    )
  }
  print({ growth: (peak - baseline) / MIB, seconds })

  function sample() {
    peak = Math.max(peak, process.memoryUsage.rss())
  }
}

function fill(ids) {
  const insert = database.prepare('INSERT INTO documents (file) VALUES (?)')
  database.transaction(() => {
    for (const id of ids) {
      const value = {
        storage: 'default',
        id,
        filename: 'a',
        contentType: 'text/plain',
        files: [`default/${id}`],
      }
      insert.run(JSON.stringify(value))
    }
  })()
}

/** One at a time: what a list takes would hide what the process grows by afterwards. */
function* idsWithRows() {
  for (let n = 0; n < count; n++) if (n % 1000 !== 0) yield idOf(n)
}

/** Spread over the days before the end. */
function idOf(n) {
  const time = new Date(end - DAYS * DAY + (n / count) * DAYS * DAY)
  return firstFileIdAt(time).slice(0, 24) + n.toString(16).padStart(12, '0')
}

function SimulatedBackend() {
  const deleted = new Set()
  let owner
  return {
    write: () => Promise.reject(new Error('it is full')),
    read: () => Promise.reject(new Error('it is empty')),
    async stat(id) {
      if (deleted.has(id)) return undefined
      const lastModified = new Date(0)
      return {
        filename: 'a',
        contentType: 'text/plain',
        size: 1,
        sha256: undefined,
        lastModified,
        etag: '',
        metadata: {},
      }
    },
    async delete(ids) {
      for (const id of ids) deleted.add(id)
      return { failed: [] }
    },
    async *list({ after = '' } = {}) {
      let n = 0
      for (let high = count; n < high;) {
        const middle = (n + high) >> 1
        if (idOf(middle) > after) high = middle
        else n = middle + 1
      }
      for (; n < count; n++) if (!deleted.has(idOf(n))) yield idOf(n)
    },
    readOwner: async () => owner,
    writeOwner: async (text) => void (owner = text),
  }
}

function print(result) {
  console.log(JSON.stringify(result))
  database.close()
}
