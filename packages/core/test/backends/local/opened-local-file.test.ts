import { describe, expect, it } from '@jest/globals'
import { existsSync, readdirSync, readlinkSync } from 'node:fs'
import { rm, truncate } from 'node:fs/promises'
import { LocalBackend } from '../../../src/backends/local/local-backend.ts'
import { FileStorage } from '../../../src/storage/file-storage.ts'
import { failure } from '../../support/failure.ts'
import { temporaryFolders } from '../../support/temporary-folder.ts'

const temporaryFolder = temporaryFolders()
const KIB = 1024

async function storedFile(size: number, { networkMount = false } = {}) {
  const folder = await temporaryFolder()
  const backend = new LocalBackend(folder, { networkMount })
  const bytes = Buffer.alloc(size, 'filedepot')
  const id = await new FileStorage('local', backend).create(bytes)

  /** Opens the file, and says whether its bytes were there before another thread could have told of them. */
  const readAll = async () => {
    const file = await backend.openFile(id)
    const buffer = Buffer.alloc(size + 1)
    const reading = file.read(buffer, 0)
    const atOnce = await Promise.race([reading.then(() => true), turns(50).then(() => false)])
    const count = await reading
    await file.close()
    expect(buffer.subarray(0, count).equals(bytes)).toBe(true)
    return atOnce
  }
  return { folder, backend, bytes, id, readAll, path: (await backend.localPath(id))! }
}

describe('a local file that is read into a buffer', () => {
  it('is read at once while its disk is quick', async () => {
    const { readAll } = await storedFile(256 * KIB - 1)

    expect(await readAll()).toBe(true)
  })

  it('is read by the thread pool if it is larger, or on a network mount', async () => {
    const files = await Promise.all([storedFile(256 * KIB), storedFile(KIB, { networkMount: true })])

    for (const { readAll } of files) expect(await readAll()).toBe(false)
  })

  it.each([false, true])(
    'is corrupt where its bytes are fewer than it says, networkMount: %s',
    async (mount) => {
      const { backend, id, path, readAll } = await storedFile(KIB, { networkMount: mount })
      await readAll()
      const file = await backend.openFile(id)
      await truncate(path, 1000)

      const reading = file.read(Buffer.alloc(KIB), 0)

      expect(await failure(reading.finally(() => file.close()))).toMatchObject({ code: 'CORRUPT_FILE' })
    },
  )

  it.each([false, true])('is corrupt where its bytes are gone, networkMount: %s', async (mount) => {
    const { backend, id, path } = await storedFile(KIB, { networkMount: mount })
    await rm(path)

    expect(await failure(backend.openFile(id))).toMatchObject({ code: 'CORRUPT_FILE' })
  })

  const here = existsSync('/proc/self/fd') ? it : it.skip
  here.each([false, true])('leaves nothing open, networkMount: %s', async (mount) => {
    const { folder, backend, id, path, readAll } = await storedFile(KIB, { networkMount: mount })

    for (let n = 0; n < 3; n++) await readAll()
    const file = await backend.openFile(id)
    const meanwhile = openIn(folder)
    await file.close()
    await truncate(path, 2000)
    const another = await new LocalBackend(folder, { networkMount: mount })
      .openFile(id)
      .catch(() => 'corrupt')

    expect([meanwhile, another, openIn(folder)]).toEqual([[path], 'corrupt', []])
  })
})

/** Turns of promises: the loop that hears of other threads does not go on meanwhile. */
async function turns(count: number): Promise<void> {
  for (let n = 0; n < count; n++) await Promise.resolve()
}

/** The files in a folder that this process has open. */
function openIn(folder: string): string[] {
  return readdirSync('/proc/self/fd').flatMap((fd) => {
    try {
      const path = readlinkSync(`/proc/self/fd/${fd}`)
      return path.startsWith(folder) ? [path] : []
    } catch {
      return []
    }
  })
}
