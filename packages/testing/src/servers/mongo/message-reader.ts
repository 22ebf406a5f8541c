/** The length, the id of the request, the id that it answers, the kind of message: four numbers of 32 bits. */
export const HEADER_BYTES = 16

/** Cuts what a socket receives into whole messages. */
export class MessageReader {
  #chunks: Buffer[] = []
  #size = 0

  add(chunk: Buffer): void {
    this.#chunks.push(chunk)
    this.#size += chunk.byteLength
  }

  /** The messages that are complete by now. */
  *messages(): Generator<Buffer> {
    while (this.#size >= HEADER_BYTES) {
      const length = this.#lengthOfNext()
      if (this.#size < length) return
      const bytes = this.#chunks.length === 1 ? this.#first() : Buffer.concat(this.#chunks)
      const rest = bytes.subarray(length)
      this.#chunks = rest.byteLength > 0 ? [rest] : []
      this.#size = rest.byteLength
      yield bytes.subarray(0, length)
    }
  }

  /** Joined only if the header itself is cut: a large message comes in many chunks. */
  #lengthOfNext(): number {
    if (this.#first().byteLength < HEADER_BYTES) this.#chunks = [Buffer.concat(this.#chunks)]
    return this.#first().readInt32LE(0)
  }

  #first(): Buffer {
    return this.#chunks[0] ?? Buffer.alloc(0)
  }
}
