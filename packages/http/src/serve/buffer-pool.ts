/** Buffers of one size that are used again: a new one would have to be cleared by the system, which takes longer than reading. */
export class BufferPool {
  readonly #free: Buffer[] = []

  constructor(
    readonly bytes: number,
    /** How many are kept while nobody needs them. */
    readonly kept: number,
  ) {}

  /** With anything in it. One that does not come back is lost to the pool, and to nobody else. */
  take(): Buffer {
    return this.#free.pop() ?? Buffer.allocUnsafeSlow(this.bytes)
  }

  /** Only when nobody reads it any more. */
  give(buffer: Buffer): void {
    if (this.#free.length < this.kept) this.#free.push(buffer)
  }
}
