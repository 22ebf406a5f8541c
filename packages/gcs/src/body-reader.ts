import { abortable, type FileBody } from '@filedepot/core/backend'

/** Takes a body as it is needed, so that no more of it is in memory than was asked for and one chunk. */
export class BodyReader {
  readonly #chunks: AsyncIterator<Uint8Array> | undefined
  readonly #signal: AbortSignal | undefined
  #pieces: Uint8Array[] = []
  #size = 0
  #ended = false

  constructor(body: FileBody, signal: AbortSignal | undefined) {
    this.#signal = signal
    if (body instanceof Uint8Array) {
      this.#push(body)
      this.#ended = true
    } else this.#chunks = body[Symbol.asyncIterator]()
  }

  /** Reads on until there are more than so many bytes. Resolves with false where the body ends before. */
  async hasMoreThan(size: number): Promise<boolean> {
    while (this.#chunks && !this.#ended && this.#size <= size) {
      const step = await abortable(this.#chunks.next(), this.#signal)
      if (step.done) this.#ended = true
      else this.#push(step.value)
    }
    return this.#size > size
  }

  /** Takes at most so many of the bytes that were read, without copying them. */
  take(most: number): Uint8Array[] {
    const taken: Uint8Array[] = []
    let missing = most
    while (missing > 0) {
      const piece = this.#pieces.shift()
      if (!piece) break
      if (piece.byteLength > missing) this.#pieces.unshift(piece.subarray(missing))
      const part = piece.subarray(0, missing)
      taken.push(part)
      missing -= part.byteLength
    }
    this.#size -= most - missing
    return taken
  }

  /** Lets the source go. It is not waited for: if it hangs, it hangs here as well. */
  release(): void {
    if (!this.#ended) this.#chunks?.return?.().catch(() => undefined)
  }

  #push(chunk: Uint8Array): void {
    if (chunk.byteLength === 0) return
    this.#pieces.push(chunk)
    this.#size += chunk.byteLength
  }
}

export function sizeOf(pieces: readonly Uint8Array[]): number {
  return pieces.reduce((sum, piece) => sum + piece.byteLength, 0)
}

/** The pieces without their first bytes. */
export function skip(pieces: readonly Uint8Array[], bytes: number): Uint8Array[] {
  const left: Uint8Array[] = []
  let skipped = 0
  for (const piece of pieces) {
    const start = Math.min(piece.byteLength, bytes - skipped)
    skipped += start
    if (start < piece.byteLength) left.push(piece.subarray(start))
  }
  return left
}
