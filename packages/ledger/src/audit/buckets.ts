import { appendFileSync, createReadStream } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'

/** So many parts a comparison has: of ten million files, each has forty thousand. */
export const BUCKETS = 256
/** Bytes that are collected before they are written. */
const BUFFER = 8 * 1024

/** What of a bucket is not in its file yet. Outside of the heap, if it would live long enough to be in the way. */
interface Collected {
  readonly bytes: Buffer
  length: number
  isWritten: boolean
}

/**
 * Lists of any length, in files of a temporary folder. What has the same key is in the same bucket, so that two lists are
 * compared a bucket at a time.
 */
export class Buckets {
  readonly #folder: string
  readonly #lists = new Map<string, (Collected | undefined)[]>()

  private constructor(folder: string) {
    this.#folder = folder
  }

  static async open(): Promise<Buckets> {
    return new Buckets(await mkdtemp(join(tmpdir(), 'filedepot-audit-')))
  }

  /** @param line without line breaks */
  add(list: string, key: string, line: string): void {
    const bucket = bucketOf(key)
    const buckets = this.#lists.get(list) ?? []
    this.#lists.set(list, buckets)
    const collected = (buckets[bucket] ??= {
      bytes: Buffer.allocUnsafeSlow(BUFFER),
      length: 0,
      isWritten: false,
    })
    const size = Buffer.byteLength(line) + 1
    if (collected.length + size > BUFFER) this.#write(list, bucket, collected)
    if (size > BUFFER) {
      appendFileSync(this.#pathOf(list, bucket), `${line}\n`)
      collected.isWritten = true
    } else collected.length += collected.bytes.write(`${line}\n`, collected.length)
  }

  /** The lines of a bucket, in the order in which they came. */
  async *lines(list: string, bucket: number): AsyncGenerator<string> {
    const collected = this.#lists.get(list)?.[bucket]
    if (!collected) return
    this.#write(list, bucket, collected)
    if (!collected.isWritten) return
    const input = createReadStream(this.#pathOf(list, bucket), 'utf8')
    try {
      yield* createInterface({ input, crlfDelay: Infinity })
    } finally {
      input.destroy()
    }
  }

  async close(): Promise<void> {
    await rm(this.#folder, { recursive: true, force: true })
  }

  /** Some kilobytes for the cache of the system: a trip to the thread pool would take longer. */
  #write(list: string, bucket: number, collected: Collected): void {
    if (collected.length === 0) return
    appendFileSync(this.#pathOf(list, bucket), collected.bytes.subarray(0, collected.length))
    collected.length = 0
    collected.isWritten = true
  }

  #pathOf(list: string, bucket: number): string {
    return join(this.#folder, `${list}.${bucket}`)
  }
}

/** FNV-1a: a hash of OpenSSL takes ten times as long. */
function bucketOf(key: string): number {
  let hash = 0x811c9dc5
  for (let index = 0; index < key.length; index++) hash = Math.imul(hash ^ key.charCodeAt(index), 0x01000193)
  return (hash >>> 16) % BUCKETS
}
