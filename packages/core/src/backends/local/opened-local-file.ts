import type { OpenedFile } from '../../backend.ts'
import { FiledepotError } from '../../errors.ts'
import type { Disk } from './disk.ts'
import type { Sidecar } from './sidecar.ts'
import type { Steps } from './steps.ts'

/** Opens the bytes of a file. @throws FiledepotError `CORRUPT_FILE` if there are more or fewer than its sidecar says */
export function* openLocalFile(disk: Disk, path: string, sidecar: Sidecar): Steps<OpenedLocalFile> {
  const fd = yield* disk.open(path)
  try {
    checkLength(path, yield* disk.length(fd), sidecar.size)
  } catch (error) {
    disk.closeRead(fd)
    throw error
  }
  return new OpenedLocalFile(disk, fd, path, sidecar)
}

/** A file that was opened to be read into buffers. */
class OpenedLocalFile implements OpenedFile {
  readonly size: number
  readonly etag: string
  readonly #disk: Disk
  readonly #fd: number
  readonly #path: string

  constructor(disk: Disk, fd: number, path: string, { size, etag }: Sidecar) {
    this.size = size
    this.etag = etag
    this.#disk = disk
    this.#fd = fd
    this.#path = path
  }

  async read(buffer: Uint8Array, position: number): Promise<number> {
    const count = await this.#disk.run(() => this.#disk.read(this.#fd, buffer, position))
    // What is missing at the end was there when the file was opened.
    if (count < buffer.byteLength && position < this.size)
      checkLength(this.#path, position + count, this.size)
    return count
  }

  close(): Promise<void> {
    return new Promise((resolve) => {
      this.#disk.closeRead(this.#fd)
      resolve()
    })
  }
}

/** After a loss of power a disk may know the name of a file and not its bytes. */
export function checkLength(path: string, found: number, size: number): void {
  if (found === size) return
  throw new FiledepotError(
    'CORRUPT_FILE',
    `Expected "${path}" to have ${size} bytes, got ${found}. Restore it from a backup, or delete it`,
  )
}
