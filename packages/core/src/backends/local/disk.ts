import * as fs from 'node:fs'
import * as promises from 'node:fs/promises'
import { promisify } from 'node:util'
import type { OpenedFile } from '../../backend.ts'
import { openByThreadPool, openDirectly } from './opened-local-file.ts'
import type { Sidecar } from './sidecar.ts'

/**
 * The few things that the local backend does to small files.
 *
 * There are two of it, because of what a file operation costs: opening, renaming or unlinking a file takes some
 * microseconds on a disk of this machine, and the trip to libuv's thread pool and back ten times that. On a network
 * mount the same calls can take long, and would hold up the whole process.
 */
export interface Disk {
  /**
   * Creates a file of few bytes, and one with a text, which is empty until the bytes are there. Both are there when it
   * returns; where it fails, as where one of them exists, none is. Missing where it can take long.
   */
  readonly createPairNow?: (path: string, bytes: Uint8Array, textPath: string, text: string) => void
  /** Creates a file with these bytes; fails where it exists. */
  create(path: string, bytes: Uint8Array, sync: boolean): Promise<void>
  /**
   * Creates or replaces a file of some hundred bytes: a reader sees the old one or the new one, whole.
   *
   * @param temporary the name, used by nobody else, under which it is written
   */
  replaceText(path: string, temporary: string, text: string, sync: boolean): Promise<void>
  /** Opens the bytes of a file. @throws FiledepotError `CORRUPT_FILE` where there are more or fewer than it says */
  open(path: string, sidecar: Sidecar): Promise<OpenedFile>
  /** `undefined` where there is no such file, which an error would say ten times as slowly. */
  readText(path: string): Promise<string | undefined>
  /**
   * What tells one file of this name from the next; `undefined` where there is none. Missing where asking would take
   * about as long as reading.
   */
  version?(path: string): FileVersion | undefined
  /** Fails where there is no such file. */
  unlink(path: string): Promise<void>
}

/** What the system says of a file: another file under the same name differs in one of them. */
export interface FileVersion {
  readonly ino: number
  readonly size: number
  /** In milliseconds. */
  readonly mtimeMs: number
}

const write = promisify(fs.write)
const fsync = promisify(fs.fsync)

const OR_UNDEFINED = { throwIfNoEntry: false } as const

/** Up to this size, writing into the cache of the system costs less than a trip to the thread pool. */
const SMALL_BYTES = 64 * 1024

/** As `writeFileSync`, which looks at more options than the writing takes. */
function createNow(path: string, bytes: Uint8Array, mode: number | undefined, sync = false): void {
  const fd = fs.openSync(path, 'wx')
  try {
    if (mode !== undefined) fs.fchmodSync(fd, mode)
    writeNow(fd, bytes)
    if (sync) fs.fsyncSync(fd)
  } finally {
    fs.closeSync(fd)
  }
}

function writeNow(fd: number, bytes: Uint8Array, start = 0): void {
  for (let offset = start; offset < bytes.byteLength;) offset += fs.writeSync(fd, bytes, offset)
}

/** Without a buffer, but where the system did not take all of it. */
function writeTextNow(fd: number, text: string): void {
  const written = fs.writeSync(fd, text)
  if (written < Buffer.byteLength(text)) writeNow(fd, Buffer.from(text), written)
}

/**
 * Many bytes go through the thread pool; few bytes, and the names of files, do not.
 *
 * @param mode of new files, whatever the umask is
 */
export const directDisk = (mode: number | undefined): Disk => ({
  createPairNow(path, bytes, textPath, text) {
    const fd = fs.openSync(textPath, 'wx')
    try {
      if (mode !== undefined) fs.fchmodSync(fd, mode)
      createNow(path, bytes, mode)
      writeTextNow(fd, text)
    } catch (error) {
      fs.rmSync(path, { force: true })
      fs.rmSync(textPath, { force: true })
      throw error
    } finally {
      fs.closeSync(fd)
    }
  },

  async create(path, bytes, sync) {
    const fd = fs.openSync(path, 'wx')
    try {
      if (mode !== undefined) fs.fchmodSync(fd, mode)
      if (bytes.byteLength <= SMALL_BYTES) writeNow(fd, bytes)
      else
        for (let offset = 0; offset < bytes.byteLength;)
          offset += (await write(fd, bytes, offset)).bytesWritten
      if (sync) await fsync(fd)
    } finally {
      fs.closeSync(fd)
    }
  },

  // Not `async`: what is thrown before the return has to arrive as a rejection, and a throwing executor does that.
  replaceText: (path, temporary, text, sync) =>
    new Promise((resolve) => {
      try {
        createNow(temporary, Buffer.from(text), mode, sync)
        fs.renameSync(temporary, path)
      } catch (error) {
        fs.rmSync(temporary, { force: true })
        throw error
      }
      resolve()
    }),

  open: openDirectly,

  readText: (path) =>
    new Promise((resolve) => {
      const found = fs.statSync(path, OR_UNDEFINED)
      resolve(found && fs.readFileSync(path, 'utf8'))
    }),

  version: (path) => fs.statSync(path, OR_UNDEFINED),

  unlink: (path) =>
    new Promise((resolve) => {
      fs.unlinkSync(path)
      resolve()
    }),
})

/**
 * Everything goes through the thread pool.
 *
 * @param mode of new files, whatever the umask is
 */
export const threadPoolDisk = (mode: number | undefined): Disk => ({
  async create(path, bytes, sync) {
    await promises.writeFile(path, bytes, { flag: 'wx', flush: sync })
    if (mode !== undefined) await promises.chmod(path, mode)
  },

  async replaceText(path, temporary, text, sync) {
    try {
      await promises.writeFile(temporary, text, { flag: 'wx', flush: sync })
      if (mode !== undefined) await promises.chmod(temporary, mode)
      await promises.rename(temporary, path)
    } catch (error) {
      await promises.rm(temporary, { force: true })
      throw error
    }
  },

  open: openByThreadPool,
  readText: (path) => promises.readFile(path, 'utf8'),
  unlink: (path) => promises.unlink(path),
})
