import { newFileId } from '@filedepot/core/backend'
import { execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { KIB, repeat } from './harness.mjs'
import { makeRow } from './report.mjs'

const MEMORY = fileURLToPath(new URL('children/storage-memory.mjs', import.meta.url))
const FILES = 1000

/** Runs what needs a server, a script in a process of its own; it gets the first line that the server prints. */
export async function withServer(url, args, run) {
  const script = fileURLToPath(url)
  const server = spawn(process.execPath, [script, ...args.map(String)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  try {
    const [line] = await once(createInterface(server.stdout), 'line')
    return await run(line)
  } finally {
    server.kill()
  }
}

/** How much a process grows by what it does with a storage: `store` so many MiB, or `list` so many files. */
export async function memoryRow([kind, address, job, amount], row) {
  const args = ['--expose-gc', '--no-warnings', MEMORY, kind, address, job, String(amount)]
  const { stdout } = await promisify(execFile)(process.execPath, args)
  const { growth, baseline } = JSON.parse(stdout)
  const detail = `${baseline.toFixed(0)} → ${(baseline + growth).toFixed(0)} MiB RSS`
  return makeRow({ ...row, value: growth, unit: 'MiB', detail })
}

/**
 * How many requests it takes to store, open and delete a thousand files of 1 KiB. `count` resolves with how many there
 * were since it was asked last.
 */
export async function requestRows(name, storage, count, { store, open, remove }) {
  const bytes = Buffer.alloc(KIB, 'filedepot ')
  // Connections, indexes and the like are made once.
  await storage.create(bytes)
  await count()
  const ids = Array.from({ length: FILES }, () => newFileId())
  const steps = [
    ['put', store, () => repeat(FILES, 16, async (index) => (ids[index] = await storage.create(bytes)))],
    ['open', open, () => repeat(FILES, 16, (index) => storage.get(ids[index]))],
    ['delete', remove, () => storage.deleteMany(ids)],
  ]
  const rows = []
  for (const [step, atMost, run] of steps) {
    await run()
    const value = await count()
    rows.push(makeRow({ name: `${name} ${step}, ${FILES} files`, value, unit: 'requests', goal: { atMost } }))
  }
  return rows
}
