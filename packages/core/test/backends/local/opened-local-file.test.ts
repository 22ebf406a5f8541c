import { afterEach, describe, expect, it, jest } from '@jest/globals'
import { existsSync, readdirSync, readlinkSync } from 'node:fs'
import { rm, truncate, utimes } from 'node:fs/promises'
import { join } from 'node:path'
import { LocalBackend } from '../../../src/backends/local/local-backend.ts'
import { FileStorage } from '../../../src/storage/file-storage.ts'
import { failure } from '../../support/failure.ts'
import { temporaryFolders } from '../../support/temporary-folder.ts'

const temporaryFolder = temporaryFolders()
const LONG_AGO = new Date('2026-01-01T12:00:00Z')
const KIB = 1024

afterEach(() => {
  jest.restoreAllMocks()
})

async function storedFile(size: number, { networkMount = false, isOld = true } = {}) {
  const folder = await temporaryFolder()
  const backend = new LocalBackend(folder, { networkMount })
  const bytes = Buffer.alloc(size, 'filedepot')
  const id = await new FileStorage('local', backend).create(bytes)
  if (isOld) await utimes(join(folder, id.slice(0, 6), `${id}.json`), LONG_AGO, LONG_AGO)

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
  it('is read by the thread pool first, and on the calling thread while the system has it in its cache', async () => {
    const { readAll } = await storedFile(64 * KIB)
    const now = jest.spyOn(performance, 'now').mockReturnValue(1_000_000)

    const seen = [await readAll(), await readAll()]
    now.mockReturnValue(1_009_000)
    seen.push(await readAll())
    now.mockReturnValue(1_018_000)
    seen.push(await readAll())
    now.mockReturnValue(1_028_000)
    seen.push(await readAll())

    expect(seen).toEqual([false, true, true, true, false])
  })

  it('is always read by the thread pool where it is larger, new, or on a network mount', async () => {
    const files = await Promise.all([
      storedFile(64 * KIB + 1),
      storedFile(KIB, { isOld: false }),
      storedFile(KIB, { networkMount: true }),
    ])

    for (const { readAll } of files) expect([await readAll(), await readAll()]).toEqual([false, false])
  })

  it('does not count as read where only a part of it was', async () => {
    const { backend, id, readAll } = await storedFile(64 * KIB)

    const file = await backend.openFile(id)
    await file.read(Buffer.alloc(100), 0)
    await file.close()

    expect(await readAll()).toBe(false)
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
