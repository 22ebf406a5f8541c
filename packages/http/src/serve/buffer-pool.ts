/** Buffers of one size that are used again: a new one would have to be cleared by the system, which takes longer than reading. */
export class BufferPool {
  readonly #free: Buffer[] = []

  constructor(
    readonly bytes: number,
    /** How many unused buffers are kept. */
    readonly kept: number,
  ) {}

  /** Takes a buffer, with any content. If it is never given back, only the pool loses it. */
  take(): Buffer {
    return this.#free.pop() ?? Buffer.allocUnsafeSlow(this.bytes)
  }

  /** Gives a buffer back. Call it only when nothing reads the buffer any more. */
  give(buffer: Buffer): void {
    if (this.#free.length < this.kept) this.#free.push(buffer)
  }
}
