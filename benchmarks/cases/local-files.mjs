import { FileStorage, LocalBackend } from '@filedepot/core'
import { randomBytes, randomUUID } from 'node:crypto'
import { readFile, rename, unlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { compare, emptyFolder, KIB, repeat } from '../harness.mjs'
import { compared } from '../report.mjs'

const BATCH = { 1: 25, 16: 64 }

/** Small files: put, get and delete against `writeFile` + `rename`, `readFile` and `unlink`. */
export async function localFiles({ quick, scratch }) {
  const rounds = quick ? 15 : 120
  const rows = []
  for (const size of [KIB, 100 * KIB]) {
    for (const inFlight of [1, 16]) {
      for (const operation of ['put', 'get', 'delete']) {
        const contender = (files) => contend(operation, files, { size, inFlight })
        const result = await compare({
          floor: contender(rawFiles(scratch.folder())),
          control: contender(rawFiles(scratch.folder())),
          subject: contender(depotFiles(scratch.folder())),
          rounds,
        })
        const name = `local ${operation}, ${size / KIB} KiB, ${inFlight} in flight`
        const goal = operation === 'put' ? { goal: { atMost: 1.1 }, information: true } : {}
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
      await writeFile(`${path}.tmp`, bytes)
      await rename(`${path}.tmp`, path)
      return path
    },
    get: (path) => readFile(path),
    delete: (path) => unlink(path),
  }
}

function depotFiles(folder) {
  const storage = new FileStorage('default', new LocalBackend(folder))
  return {
    folder,
    put: (bytes) => storage.create(bytes),
    get: async (id) => await (await storage.get(id)).bytes(),
    delete: (id) => storage.delete(id),
  }
}
