import { createReadStream } from 'node:fs'
import { appendFile, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'

/** So many parts a comparison has: of ten million files, each has forty thousand. */
export const BUCKETS = 256
/** Characters that are collected before they are written. */
const BUFFER = 16 * 1024

/**
 * Lists of any length, in files of a temporary folder. What has the same key is in the same bucket, so that two lists are
 * compared a bucket at a time.
 */
export class Buckets {
  readonly #folder: string
  readonly #buffers = new Map<string, { lines: string[]; length: number }>()

  private constructor(folder: string) {
    this.#folder = folder
  }

  static async open(): Promise<Buckets> {
    return new Buckets(await mkdtemp(join(tmpdir(), 'filedepot-audit-')))
  }

  /** @param line without line breaks */
  async add(list: string, key: string, line: string): Promise<void> {
    const name = `${list}.${bucketOf(key)}`
    const buffer = this.#buffers.get(name) ?? { lines: [], length: 0 }
    this.#buffers.set(name, buffer)
    buffer.lines.push(line)
    buffer.length += line.length
    if (buffer.length >= BUFFER) await this.#flush(name, buffer)
  }

  /** The lines of a bucket, in the order in which they came. */
  async *lines(list: string, bucket: number): AsyncGenerator<string> {
    const name = `${list}.${bucket}`
    const buffer = this.#buffers.get(name)
    if (!buffer) return
    if (buffer.length > 0) await this.#flush(name, buffer)
    const input = createReadStream(join(this.#folder, name), 'utf8')
    try {
      yield* createInterface({ input, crlfDelay: Infinity })
    } finally {
      input.destroy()
    }
  }

  /** Empties a list. */
  async clear(list: string): Promise<void> {
    for (let bucket = 0; bucket < BUCKETS; bucket++) {
      const name = `${list}.${bucket}`
      if (this.#buffers.delete(name)) await rm(join(this.#folder, name), { force: true })
    }
  }

  async close(): Promise<void> {
    await rm(this.#folder, { recursive: true, force: true })
  }

  async #flush(name: string, buffer: { lines: string[]; length: number }): Promise<void> {
    const text = `${buffer.lines.join('\n')}\n`
    buffer.lines = []
    buffer.length = 0
    await appendFile(join(this.#folder, name), text)
  }
}

/** FNV-1a: a hash of OpenSSL takes ten times as long. */
function bucketOf(key: string): number {
  let hash = 0x811c9dc5
  for (let index = 0; index < key.length; index++) hash = Math.imul(hash ^ key.charCodeAt(index), 0x01000193)
  return (hash >>> 16) % BUCKETS
}
