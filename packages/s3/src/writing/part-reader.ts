import type { PartPlan } from './part-plan.ts'

/** What the first part starts with: most streams are short. */
const FIRST_BYTES = 256 * 1024

/**
 * Cuts a body into the parts of a plan. The last part may be shorter. It copies the bytes into buffers that are reused, so a
 * large file costs no more memory than a few parts.
 */
export class PartReader {
  readonly #chunks: AsyncIterator<Uint8Array>
  readonly #free: Buffer[] = []
  /** What is left of a chunk that did not fit. */
  #rest: Uint8Array | undefined
  #number = 0
  /** In bytes, of the part that was read last. */
  #size = 0

  constructor(
    body: AsyncIterable<Uint8Array>,
    readonly plan: Pick<PartPlan, 'sizeOf' | 'atOnce'>,
  ) {
    this.#chunks = body[Symbol.asyncIterator]()
  }

  /** The next part, or `undefined` where nothing is left. */
  async next(): Promise<Buffer | undefined> {
    let part = this.#newPart()
    let filled = 0
    while (filled < this.#size) {
      const chunk = await this.#nextChunk()
      if (!chunk) break
      const taken = chunk.subarray(0, this.#size - filled)
      part = this.#withRoom(part, filled, filled + taken.byteLength)
      part.set(taken, filled)
      filled += taken.byteLength
      this.#rest = taken.byteLength < chunk.byteLength ? chunk.subarray(taken.byteLength) : undefined
    }
    return filled > 0 ? part.subarray(0, filled) : undefined
  }

  /** Gives back a part that is not needed any more. */
  release(part: Buffer): void {
    if (part.byteLength === this.#size) this.#free.push(part)
  }

  /** Gives up a body that was not read to its end; it is not waited for, as it may hang. */
  close(): void {
    this.#chunks.return?.().catch(() => undefined)
  }

  async #nextChunk(): Promise<Uint8Array | undefined> {
    if (this.#rest) return this.#rest
    const step = await this.#chunks.next()
    return step.done ? undefined : step.value
  }

  #newPart(): Buffer {
    const size = this.plan.sizeOf(++this.#number)
    if (size !== this.#size) this.#free.length = 0
    this.#size = size
    const room = this.#number === 1 ? Math.min(FIRST_BYTES, size) : size
    return this.#free.pop() ?? Buffer.allocUnsafeSlow(room)
  }

  #withRoom(part: Buffer, filled: number, needed: number): Buffer {
    if (needed <= part.byteLength) return part
    const larger = Buffer.allocUnsafeSlow(Math.min(Math.max(needed, part.byteLength * 2), this.#size))
    part.copy(larger, 0, 0, filled)
    return larger
  }
}
