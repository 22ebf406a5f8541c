import { createHash } from 'node:crypto'
import type { FileBody, FileInfo } from '../backend.ts'
import { FileTooLargeError } from '../errors.ts'
import { inspectContent, type InspectedContent, type InspectOptions } from './inspect-content.ts'
import type { ResolvedContent } from './resolve-content.ts'
import { Source } from './source.ts'

/** Options of {@link ingest}. */
export interface IngestOptions extends InspectOptions {
  metadata?: Readonly<Record<string, string>> | undefined
}

/** A content that is ready to flow into a backend. */
export interface Ingested {
  readonly body: FileBody
  /** Complete once the body has ended. */
  readonly info: FileInfo
  readonly declaredType: string | undefined
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
  const known = { filename, contentType, metadata: options.metadata ?? content.metadata ?? {} }
  const meter = new Meter(filename, options.maxSize ?? Infinity)
  const release = () => inspected.release()

  const body = await inspected.open().catch(async (error: unknown) => {
    await release()
    throw error
  })
  if (body instanceof Source) {
    return { body: metered(body, meter, inspected), info: meter.info(known), declaredType, release }
  }
  meter.add(body)
  const info = { ...known, size: body.byteLength, sha256: meter.digest() }
  return { body, info, declaredType, release }
}

/** Counts and hashes. */
class Meter {
  readonly #hash = createHash('sha256')
  readonly #filename: string
  readonly #maxSize: number
  #size = 0
  #sha256: string | undefined

  constructor(filename: string, maxSize: number) {
    this.#filename = filename
    this.#maxSize = maxSize
  }

  add(chunk: Uint8Array): void {
    this.#size += chunk.byteLength
    if (this.#size > this.#maxSize) throw new FileTooLargeError(this.#filename, this.#maxSize)
    this.#hash.update(chunk)
  }

  digest(): string {
    return (this.#sha256 ??= this.#hash.digest('hex'))
  }

  /** The info of a stream: its size and hash appear when they are known. */
  info(known: Pick<FileInfo, 'filename' | 'contentType' | 'metadata'>): FileInfo {
    const size = () => (this.#sha256 === undefined ? undefined : this.#size)
    const sha256 = () => this.#sha256
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
