import { createHash } from 'node:crypto'
import type { FileBody, FileInfo } from '../backend.ts'
import { FileTooLargeError, HashMismatchError } from '../errors.ts'
import { loopShare } from '../loop-share.ts'
import { inspectContent, type InspectedContent, type InspectOptions } from './inspect-content.ts'
import type { ResolvedContent } from './resolved-content.ts'
import { Source } from './source.ts'

/** So many bytes are hashed in less than a millisecond. */
const HASHED_AT_ONCE = 1024 * 1024

/** Options of {@link ingest}. */
export interface IngestOptions extends InspectOptions {
  metadata?: Readonly<Record<string, string>> | undefined
  /** Of a copy: what its bytes have to be. Others are refused when their end is reached. */
  expected?: ExpectedBytes | undefined
  /** Of a copy: when the original was last changed. */
  lastModified?: Date | undefined
}

/** What is known beforehand of the bytes of a file that is copied. */
interface ExpectedBytes {
  readonly size: number
  /** Lower-case hex. */
  readonly sha256: string | undefined
}

/** A content that is ready to flow into a backend. */
export interface Ingested {
  readonly body: FileBody
  /**
   * What is known of the file: of a stream it is complete once that has ended. Of whole bytes it takes their hash, so call
   * it once, within the share of the event loop, right before they are written.
   *
   * @throws HashMismatchError
   */
  readonly describe: () => FileInfo
  readonly declaredType: string | undefined
  /** In bytes: how long a stream will probably be. */
  readonly expectedSize?: number | undefined
  /** Gives up the content where the backend did not read it. */
  release(): Promise<void>
}

/**
 * One pass over a content: while its bytes flow to the backend, at the backend's pace, they are counted, hashed and
 * held against the limit. What the first bytes show (the type) is known before the backend sees anything, and so is
 * the verdict of the validators. Memory stays constant whatever the size.
 */
export async function ingest(content: ResolvedContent, options: IngestOptions): Promise<Ingested> {
  const inspected = await inspectContent(content, options)
  const { filename, contentType, declaredType } = inspected
  const { maxSize = Infinity, expected, lastModified } = options
  const metadata = options.metadata ?? content.metadata ?? {}
  const known = { filename, contentType, metadata, lastModified }
  const meter = new Meter(filename, { maxSize, expected })
  const release = () => inspected.release()

  const opened = inspected.open()
  const body =
    opened instanceof Promise
      ? await opened.catch(async (error: unknown) => {
          await release()
          throw error
        })
      : opened
  if (body instanceof Source) {
    const expectedSize = expected?.size ?? (await body.expectedSize())
    const describe = () => meter.info(known)
    return { body: metered(body, meter, inspected), describe, declaredType, expectedSize, release }
  }
  const hashed = await hashFirst(body, meter)
  const describe = () => {
    meter.add(body.subarray(hashed))
    return { ...known, size: body.byteLength, sha256: meter.digest() }
  }
  return { body, describe, declaredType, release }
}

/** Hashes all but the last bytes of many, step by step. Returns how many. */
async function hashFirst(bytes: Uint8Array, meter: Meter): Promise<number> {
  let hashed = 0
  for (; bytes.byteLength - hashed > HASHED_AT_ONCE; hashed += HASHED_AT_ONCE) {
    const step = bytes.subarray(hashed, hashed + HASHED_AT_ONCE)
    await loopShare.run(() => {
      meter.add(step)
    })
  }
  return hashed
}

/** Counts and hashes, and holds the sum against what was expected. */
class Meter {
  readonly #hash = createHash('sha256')
  readonly #filename: string
  readonly #maxSize: number
  readonly #expected: ExpectedBytes | undefined
  #size = 0
  #sha256: string | undefined

  constructor(
    filename: string,
    { maxSize, expected }: { maxSize: number; expected?: ExpectedBytes | undefined },
  ) {
    this.#filename = filename
    this.#maxSize = maxSize
    this.#expected = expected
  }

  add(chunk: Uint8Array): void {
    this.#size += chunk.byteLength
    if (this.#size > this.#maxSize) throw new FileTooLargeError(this.#filename, this.#maxSize)
    this.#hash.update(chunk)
  }

  digest(): string {
    const sha256 = this.#hash.digest('hex')
    this.#check(sha256)
    return (this.#sha256 = sha256)
  }

  /** The info of a stream: its size and hash appear when they are known, which of a copy is from the start. */
  info(known: Omit<FileInfo, 'size' | 'sha256'>): FileInfo {
    const size = () => (this.#sha256 === undefined ? this.#expected?.size : this.#size)
    const sha256 = () => this.#sha256 ?? this.#expected?.sha256
    return {
      ...known,
      get size() {
        return size()
      },
      get sha256() {
        return sha256()
      },
    }
  }

  #check(sha256: string): void {
    if (!this.#expected) return
    const { size, sha256: hash = sha256 } = this.#expected
    if (size === this.#size && hash === sha256) return
    throw new HashMismatchError(this.#filename, { size, sha256: hash }, { size: this.#size, sha256 })
  }
}

async function* metered(
  source: Source,
  meter: Meter,
  inspected: InspectedContent,
): AsyncGenerator<Uint8Array> {
  try {
    for (let chunk = await source.next(); chunk; chunk = await source.next()) {
      meter.add(chunk)
      yield chunk
    }
    meter.digest()
  } finally {
    source.destroy()
    await inspected.release()
  }
}
