import * as fs from 'node:fs'
import { loopShare } from '../../loop-share.ts'
import { DiskPace } from './disk-pace.ts'
import { runSteps, waitFor, type Steps } from './steps.ts'

/** Up to so many bytes are written and read on the calling thread of a quick disk: with their hash that takes 0.3 ms. */
export const SMALL_BYTES = 256 * 1024

/** What the system says of a file. */
export interface FileVersion {
  readonly ino: number
  readonly size: number
  /** In milliseconds. */
  readonly mtimeMs: number
}

type Callback<T> = (error: NodeJS.ErrnoException | null, value: T) => void

const OR_UNDEFINED = { throwIfNoEntry: false } as const

/** A text that is no longer is read in one call. */
const TEXT_BYTES = 8 * 1024

/**
 * The calls for files, as steps: on the calling thread while the disk is quick, else through libuv's thread pool.
 */
export class Disk {
  readonly #pace: DiskPace
  readonly #mode: number | undefined

  /**
   * @param mode of new files, whatever the umask is
   * @param isKnownSlow true if nothing is to be called on the calling thread
   */
  constructor(mode?: number, isKnownSlow = false) {
    this.#mode = mode
    this.#pace = new DiskPace(isKnownSlow)
  }

  /** True if calls are made on the calling thread now. */
  get isQuick(): boolean {
    return this.#pace.isQuick
  }

  /** Runs an operation within the share of the event loop: returns its result, or a promise if anything has to be waited for. */
  run<T>(operation: () => Steps<T>): T | Promise<T> {
    return loopShare.run(() => runSteps(operation()))
  }

  /** Opens a file to be read. */
  open(path: string): Steps<number> {
    return this.#call(
      () => fs.openSync(path, 'r'),
      (done: Callback<number>) => {
        fs.open(path, 'r', done)
      },
    )
  }

  /** Creates a file and opens it to be written. Fails if it exists. */
  *create(path: string): Steps<number> {
    const fd = yield* this.#call(
      () => fs.openSync(path, 'wx'),
      (done: Callback<number>) => {
        fs.open(path, 'wx', done)
      },
    )
    const mode = this.#mode
    if (mode === undefined) return fd
    try {
      yield* this.#call(
        () => {
          fs.fchmodSync(fd, mode)
        },
        (done: Callback<void>) => {
          fs.fchmod(fd, mode, done)
        },
      )
    } catch (error) {
      fs.closeSync(fd)
      throw error
    }
    return fd
  }

  /** Writes all bytes to a file that was opened. */
  *write(fd: number, bytes: Uint8Array): Steps<void> {
    const isSmall = bytes.byteLength <= SMALL_BYTES
    for (let offset = 0; offset < bytes.byteLength;) {
      offset += yield* this.#call(
        () => fs.writeSync(fd, bytes, offset),
        (done: Callback<number>) => {
          fs.write(fd, bytes, offset, done)
        },
        isSmall,
      )
    }
  }

  /** Fills a buffer from an offset on with what a file has from a position on. Returns the number of bytes. */
  *read(fd: number, buffer: Uint8Array, position: number): Steps<number> {
    const isSmall = buffer.byteLength <= SMALL_BYTES
    let count = 0
    while (count < buffer.byteLength) {
      const length = buffer.byteLength - count
      const read = yield* this.#call(
        () => fs.readSync(fd, buffer, count, length, position + count),
        (done: Callback<number>) => {
          fs.read(fd, buffer, count, length, position + count, done)
        },
        isSmall,
      )
      count += read
      // A file gives less only at its end, or if it is asked for more than fits into one call.
      if (read === 0 || (isSmall && read < length)) break
    }
    return count
  }

  /** Closes a file that was written. That may wait for a server to have the bytes. */
  close(fd: number): Steps<void> {
    return this.#call(
      () => {
        fs.closeSync(fd)
      },
      (done: Callback<void>) => {
        fs.close(fd, done)
      },
    )
  }

  /** Closes a file that was only read, which never waits for anything. */
  closeRead(fd: number): void {
    fs.closeSync(fd)
  }

  /** Waits until the disk has what was written. Always in the thread pool, as it takes milliseconds. */
  *sync(fd: number): Steps<void> {
    yield promised((done: Callback<void>) => {
      fs.fsync(fd, done)
    })
  }

  /** False if there is no file of this name. */
  rename(from: string, to: string): Steps<boolean> {
    return this.#callIfThere(
      () => {
        fs.renameSync(from, to)
      },
      (done) => {
        fs.rename(from, to, done)
      },
    )
  }

  /** False if there is no file of this name. */
  unlink(path: string): Steps<boolean> {
    return this.#callIfThere(
      () => {
        fs.unlinkSync(path)
      },
      (done) => {
        fs.unlink(path, done)
      },
    )
  }

  /** `undefined` if there is no file of this name. */
  stat(path: string): Steps<fs.Stats | undefined> {
    return this.#call(
      () => fs.statSync(path, OR_UNDEFINED),
      (done: Callback<fs.Stats | undefined>) => {
        fs.stat(path, (error, found) => {
          if (error?.code === 'ENOENT') done(null, undefined)
          else done(error, found)
        })
      },
    )
  }

  /** The number of bytes of a file that was opened. */
  *length(fd: number): Steps<number> {
    const { size } = yield* this.#call(
      () => fs.fstatSync(fd),
      (done: Callback<fs.Stats>) => {
        fs.fstat(fd, done)
      },
    )
    return size
  }

  /** The text of a file of some hundred bytes; `undefined` if there is none. */
  *readText(path: string): Steps<string | undefined> {
    let fd: number
    try {
      fd = yield* this.open(path)
    } catch (error) {
      if (codeOf(error) === 'ENOENT') return undefined
      throw error
    }
    try {
      let buffer = Buffer.allocUnsafe(TEXT_BYTES)
      let count = yield* this.read(fd, buffer, 0)
      while (count === buffer.byteLength) {
        buffer = Buffer.concat([buffer, Buffer.alloc(buffer.byteLength)])
        count += yield* this.read(fd, buffer.subarray(count), count)
      }
      return buffer.toString('utf8', 0, count)
    } finally {
      this.closeRead(fd)
    }
  }

  *#callIfThere(now: () => void, later: (done: fs.NoParamCallback) => void): Steps<boolean> {
    try {
      yield* this.#call(now, later)
      return true
    } catch (error) {
      if (codeOf(error) === 'ENOENT') return false
      throw error
    }
  }

  /** @param isSmall false for what takes long on any disk: it goes through the thread pool, and says nothing of the pace */
  *#call<T>(now: () => T, later: (done: Callback<T>) => void, isSmall = true): Steps<T> {
    if (!isSmall) return (yield promised(later)) as T
    if (!this.#pace.isQuick) return yield* waitFor(this.#trip(later))
    const start = performance.now()
    try {
      return now()
    } finally {
      this.#pace.called(performance.now() - start)
    }
  }

  #trip<T>(later: (done: Callback<T>) => void): Promise<T> {
    const over = this.#pace.trip()
    return promised((done: Callback<T>) => {
      later((error, value) => {
        over()
        done(error, value)
      })
    })
  }
}

function promised<T>(call: (done: Callback<T>) => void): Promise<T> {
  return new Promise((resolve, reject) => {
    call((error, value) => {
      if (error) reject(error)
      else resolve(value)
    })
  })
}

function codeOf(error: unknown): unknown {
  return (error as { code?: unknown } | undefined)?.code
}
