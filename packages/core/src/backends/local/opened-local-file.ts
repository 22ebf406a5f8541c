import * as fs from 'node:fs'
import { open } from 'node:fs/promises'
import type { OpenedFile } from '../../backend.ts'
import { FiledepotError } from '../../errors.ts'
import type { Sidecar } from './sidecar.ts'

/** What is read in one call, as far as the system gives it. */
type ReadOnce = (buffer: Uint8Array, offset: number, position: number) => Promise<number>

/** Opens and closes a file on the calling thread, and reads it on libuv's. */
export function openDirectly(path: string, sidecar: Sidecar): Promise<OpenedFile> {
  // What is thrown in here arrives as a rejection.
  return new Promise((resolve) => {
    const fd = fs.openSync(path, 'r')
    try {
      checkLength(path, fs.fstatSync(fd).size, sidecar.size)
    } catch (error) {
      fs.closeSync(fd)
      throw error
    }
    resolve(new DirectFile(fd, sidecar))
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
    read: (buffer, position) => fill(buffer, position, readOnce),
    close: () => file.close(),
  }
}

class DirectFile implements OpenedFile {
  readonly size: number
  readonly etag: string
  readonly #fd: number

  constructor(fd: number, { size, etag }: Sidecar) {
    this.#fd = fd
    this.size = size
    this.etag = etag
  }

  read(buffer: Uint8Array, position: number): Promise<number> {
    return fill(buffer, position, this.#readOnce)
  }

  close(): Promise<void> {
    return new Promise((resolve) => {
      fs.closeSync(this.#fd)
      resolve()
    })
  }

  readonly #readOnce: ReadOnce = (buffer, offset, position) =>
    new Promise((resolve, reject) => {
      fs.read(this.#fd, buffer, offset, buffer.byteLength - offset, position, (error, bytesRead) => {
        if (error) reject(error)
        else resolve(bytesRead)
      })
    })
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

/** After a loss of power a disk may know the name of a file and not its bytes. */
export function checkLength(path: string, found: number, size: number): void {
  if (found === size) return
  throw new FiledepotError('CORRUPT_FILE', `"${path}" has ${found} bytes in the place of ${size}`)
}
