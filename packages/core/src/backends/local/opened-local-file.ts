import * as fs from 'node:fs'
import { open } from 'node:fs/promises'
import type { OpenedFile } from '../../backend.ts'
import { FiledepotError } from '../../errors.ts'
import type { Sidecar } from './sidecar.ts'

/** Up to this size, reading from the cache of the system costs less than a trip to the thread pool. */
const SMALL_BYTES = 64 * 1024

/** For how long the system is believed to keep in its cache what was read. */
const CACHED_MS = 10_000

/** When small files were read, by sidecars that are remembered: of others there is a new one each time. */
const lastRead = new WeakMap<Sidecar, number>()

/** What is read in one call, as far as the system gives it. */
type ReadOnce = (buffer: Uint8Array, offset: number, position: number) => Promise<number>

/**
 * Opens and closes a file on the calling thread, and reads it on libuv's, as a disk may take long. Only a small file that
 * was read just before, so that it is in the cache of the system, is read on the calling thread as well.
 */
export function openDirectly(path: string, sidecar: Sidecar): Promise<OpenedFile> {
  // What is thrown in here arrives as a rejection.
  return new Promise((resolve) => {
    const fd = fs.openSync(path, 'r')
    try {
      // Of what was read before, the length was right: nobody writes to a file of that name again.
      if (!lastRead.has(sidecar)) checkLength(path, fs.fstatSync(fd).size, sidecar.size)
    } catch (error) {
      fs.closeSync(fd)
      throw error
    }
    resolve(new DirectFile(path, fd, sidecar))
  })
}

/** Does everything on the threads of libuv. */
export async function openByThreadPool(path: string, sidecar: Sidecar): Promise<OpenedFile> {
  const file = await open(path)
  try {
    checkLength(path, (await file.stat()).size, sidecar.size)
  } catch (error) {
    await file.close()
    throw error
  }
  const readOnce: ReadOnce = async (buffer, offset, position) =>
    (await file.read(buffer, offset, buffer.byteLength - offset, position)).bytesRead
  return {
    size: sidecar.size,
    etag: sidecar.etag,
    async read(buffer, position) {
      const count = await fill(buffer, position, readOnce)
      checkCount(path, count, buffer, position, sidecar.size)
      return count
    },
    close: () => file.close(),
  }
}

class DirectFile implements OpenedFile {
  readonly size: number
  readonly etag: string
  readonly #path: string
  readonly #fd: number
  readonly #sidecar: Sidecar

  constructor(path: string, fd: number, sidecar: Sidecar) {
    this.size = sidecar.size
    this.etag = sidecar.etag
    this.#path = path
    this.#fd = fd
    this.#sidecar = sidecar
  }

  async read(buffer: Uint8Array, position: number): Promise<number> {
    const count = this.#isCached()
      ? readNow(this.#fd, buffer, position)
      : await this.#readByThreadPool(buffer, position)
    checkCount(this.#path, count, buffer, position, this.size)
    if (count === this.size && count <= SMALL_BYTES) lastRead.set(this.#sidecar, performance.now())
    return count
  }

  close(): Promise<void> {
    return new Promise((resolve) => {
      fs.closeSync(this.#fd)
      resolve()
    })
  }

  #isCached(): boolean {
    const time = lastRead.get(this.#sidecar)
    return time !== undefined && performance.now() - time < CACHED_MS
  }

  #readByThreadPool(buffer: Uint8Array, position: number): Promise<number> {
    const fd = this.#fd
    return fill(buffer, position, (into, offset, at) => {
      return new Promise((resolve, reject) => {
        fs.read(fd, into, offset, into.byteLength - offset, at, (error, bytesRead) => {
          if (error) reject(error)
          else resolve(bytesRead)
        })
      })
    })
  }
}

function readNow(fd: number, buffer: Uint8Array, position: number): number {
  let count = 0
  while (count < buffer.byteLength) {
    const bytesRead = fs.readSync(fd, buffer, count, buffer.byteLength - count, position + count)
    if (bytesRead === 0) break
    count += bytesRead
  }
  return count
}

async function fill(buffer: Uint8Array, position: number, readOnce: ReadOnce): Promise<number> {
  let count = 0
  while (count < buffer.byteLength) {
    const bytesRead = await readOnce(buffer, count, position + count)
    if (bytesRead === 0) break
    count += bytesRead
  }
  return count
}

/** What is missing at the end was there when the file was opened. */
function checkCount(
  path: string,
  count: number,
  { byteLength }: Uint8Array,
  position: number,
  size: number,
): void {
  if (count < byteLength && position < size) checkLength(path, position + count, size)
}

/** After a loss of power a disk may know the name of a file and not its bytes. */
export function checkLength(path: string, found: number, size: number): void {
  if (found === size) return
  throw new FiledepotError(
    'CORRUPT_FILE',
    `Expected "${path}" to have ${size} bytes, got ${found}. Restore it from a backup, or delete it`,
  )
}
