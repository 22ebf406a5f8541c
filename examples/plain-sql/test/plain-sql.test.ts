import { LocalBackend, DepotManager, UploadedFile } from '@filedepot/core'
import { Ledger, pgClient } from '@filedepot/ledger'
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals'
import { execFile, spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { setTimeout } from 'node:timers/promises'
import { promisify } from 'node:util'
import pg from 'pg'
import { serverDatabase } from '../../../test/databases/server-database.ts'

const dist = join('examples', 'plain-sql', 'dist')
const redis = process.env.FILEDEPOT_TEST_REDIS_URL ?? 'redis://127.0.0.1:6379'
const hasRedis = await answers(new URL(redis))
// In CI nothing is skipped: a server that is not there is an error.
const required = process.env.CI !== undefined

describe('the example with plain SQL', () => {
  it('tells its story with Drizzle', async () => {
    const lines = await run('drizzle.js', {})

    expect(lines).toEqual([
      expect.stringContaining('Everything happens in'),
      'Save two rows with their files',
      '  row 1: first.txt says "the first report"',
      '  row 2: second.txt says "the second report"',
      '  2 files in the storage',
      'Replace a file: the old one goes with the next drain',
      '  1 file deleted',
      '  row 1: first.txt says "corrected"',
      '  row 2: second.txt says "the second report"',
      '  2 files in the storage',
      'Roll back: the row keeps its file, and the new one goes with a sweep',
      '  Error: the transaction is rolled back',
      '  1 file swept',
      '  row 1: first.txt says "corrected"',
      '  row 2: second.txt says "the second report"',
      '  2 files in the storage',
      'A row cannot refer to a file that was deleted',
      '  refused by the database',
      'Delete the folder: the database deletes its documents, and their files follow',
      '  2 files deleted',
      '  0 files in the storage',
    ])
  })

  it('tells its story with pg', async () => {
    const { url } = await serverDatabase()

    const lines = await run('pg.js', { DATABASE_URL: url })

    expect(lines).toEqual([
      expect.stringContaining('Files are in'),
      'Save three rows with their files',
      '  row 1 says "invoice 1"',
      '  row 2 says "invoice 2"',
      '  row 3 says "invoice 3"',
      '  3 files in the storage',
      'Two rows may share a file: it goes with the last one',
      '  0 files deleted',
      '  row 2 says "invoice 2"',
      '  row 3 says "invoice 3"',
      '  row 4 says "invoice 1"',
      '  3 files in the storage',
      'Any statement counts, of any program: here a bulk UPDATE and a TRUNCATE',
      '  1 file deleted',
      '  2 files deleted',
      '  0 files in the storage',
    ])
  })
})

describe.each([
  ['pg-boss', 'pg-boss.js', true],
  ['BullMQ', 'bullmq.js', hasRedis || required],
])('workers of %s', (name, program, isThere) => {
  let uploads: string
  let pool: pg.Pool
  let depot: DepotManager
  const workers: Worker[] = []

  beforeEach(async () => {
    uploads = await mkdtemp(join(tmpdir(), 'filedepot-workers-'))
    const { url } = await serverDatabase()
    pool = new pg.Pool({ connectionString: url })
    await pool.query('DROP TABLE IF EXISTS invoices')
    await pool.query('CREATE TABLE invoices (id serial PRIMARY KEY, scan jsonb)')
    depot = new DepotManager()
    depot.configure('default', new LocalBackend(uploads))
  })

  afterEach(async () => {
    await Promise.all(workers.splice(0).map((worker) => worker.end()))
    await pool.end()
    await depot.close()
    await rm(uploads, { recursive: true, force: true })
  })

  const test = isThere ? it : it.skip
  test(`of which two run, delete what no row refers to (${name})`, async () => {
    const ledger = new Ledger(depot, pgClient(pool), { columns: [{ table: 'invoices', column: 'scan' }] })
    await ledger.install()
    for (let number = 0; number < 20; number += 1) {
      const stored = await depot.upload(UploadedFile.from(Buffer.from(`invoice ${number}`)))
      await pool.query('INSERT INTO invoices (scan) VALUES ($1)', [JSON.stringify(stored)])
    }
    await pool.query('DELETE FROM invoices WHERE id > 5')
    const { url } = await serverDatabase()
    // The names of the queue are this test's own, as others may use the same Redis.
    const env = { DATABASE_URL: url, UPLOADS: uploads, REDIS_URL: redis, QUEUE: `filedepot-${process.pid}` }

    workers.push(await start(program, env), await start(program, env))

    while ((await files(depot)) > 5) await setTimeout(50)
    expect(await files(depot)).toBe(5)
    expect(await ledger.stats()).toMatchObject({ used: 5, waiting: 0 })
    const ends = await Promise.all(workers.splice(0).map((worker) => worker.end()))
    expect(ends).toEqual([
      [0, null],
      [0, null],
    ])
  })
})

interface Worker {
  /** Ends it as an orchestrator does, and says with which code and signal it ended. */
  end(): Promise<unknown>
}

/** Starts a worker, and waits until it works. */
async function start(program: string, settings: Record<string, string>): Promise<Worker> {
  const env = { ...process.env, NODE_OPTIONS: '', ...settings }
  const child = spawn(process.execPath, [join(dist, program)], { env, stdio: ['ignore', 'pipe', 'inherit'] })
  const ended = once(child, 'exit')
  await isWorking(child)
  return {
    end: () => {
      child.kill('SIGTERM')
      return ended
    },
  }
}

async function isWorking(child: ChildProcess): Promise<void> {
  for await (const line of createInterface({ input: child.stdout! })) if (line === 'working') break
  child.stdout!.resume()
}

async function run(program: string, settings: Record<string, string>): Promise<string[]> {
  const env = { ...process.env, NODE_OPTIONS: '', ...settings }
  const { stdout } = await promisify(execFile)(process.execPath, [join(dist, program)], { env })
  return stdout.trimEnd().split('\n')
}

async function files(depot: DepotManager): Promise<number> {
  const ids: string[] = []
  for await (const id of depot.get().list()) ids.push(id)
  return ids.length
}

async function answers({ hostname, port }: URL): Promise<boolean> {
  const socket = connect(Number(port || 6379), hostname)
  return await Promise.race([
    once(socket, 'connect').then(() => true),
    once(socket, 'error').then(() => false),
  ]).finally(() => socket.destroy())
}
