import { DepotManager, LocalBackend, UploadedFile } from '@filedepot/core'
import { createHash, randomBytes, randomUUID } from 'node:crypto'
import { readFile, rename, unlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { compare, emptyFolder, KIB, repeat } from '../harness.mjs'
import { compared } from '../report.mjs'

const BATCH = { 1: 25, 16: 64, 64: 128 }

/** What is to be reached, by how many are in flight. */
const GOALS = {
  put: { 1: 1.1, 16: 1.5, 64: 1.3 },
  get: { 1: 1.5, 16: 1.6, 64: 1.6 },
  value: { 1: 1.2, 16: 1.3, 64: 1.2 },
  delete: { 1: 1.2, 16: 2, 64: 2 },
}

/**
 * Files of three sizes: put, get, the bytes of a row's value, and delete, against `writeFile` + `rename`, `readFile` and
 * `unlink`. A put takes a SHA-256 on both sides.
 */
export async function localFiles({ quick, scratch }) {
  const rounds = quick ? 5 : 60
  const rows = []
  for (const size of quick ? [KIB, 100 * KIB] : [KIB, 100 * KIB, 1024 * KIB]) {
    for (const inFlight of [1, 16, 64]) {
      for (const operation of ['put', 'get', 'value', 'delete']) {
        const contender = (files) => contend(operation, files, { size, inFlight })
        const result = await compare({
          floor: contender(rawFiles(scratch.folder())),
          control: contender(rawFiles(scratch.folder())),
          subject: contender(depotFiles(scratch.folder())),
          rounds,
        })
        const name = `local ${operation}, ${size / KIB} KiB, ${inFlight} in flight`
        const goal = size === KIB ? { goal: { atMost: GOALS[operation][inFlight] }, information: true } : {}
        rows.push(compared(name, result, { operations: BATCH[inFlight], ...goal }))
      }
    }
  }
  return rows
}

/** A batch of one operation; the files that it needs are put before the clock starts. */
function contend(operation, files, { size, inFlight }) {
  const count = BATCH[inFlight]
  const contents = randomBytes(size)
  const names = []
  const putAll = () => repeat(count, inFlight, async (index) => (names[index] = await files.put(contents)))
  return {
    before: operation === 'put' ? undefined : putAll,
    batch:
      operation === 'put' ? putAll : () => repeat(count, inFlight, (index) => files[operation](names[index])),
    after: () => emptyFolder(files.folder),
  }
}

function rawFiles(folder) {
  return {
    folder,
    async put(bytes) {
      const path = join(folder, randomUUID())
      createHash('sha256').update(bytes).digest('hex')
      await writeFile(`${path}.tmp`, bytes)
      await rename(`${path}.tmp`, path)
      return path
    },
    get: (path) => readFile(path),
    value: (path) => readFile(path),
    delete: (path) => unlink(path),
  }
}

function depotFiles(folder) {
  const depot = new DepotManager()
  const storage = depot.configure('default', new LocalBackend(folder))
  return {
    folder,
    put: (bytes) => depot.upload(UploadedFile.from(bytes)),
    get: async ({ id }) => await (await storage.get(id)).bytes(),
    value: (value) => value.bytes(),
    delete: ({ id }) => storage.delete(id),
  }
}
