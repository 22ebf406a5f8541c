import { Readable } from 'node:stream'
import { ReadableStream } from 'node:stream/web'

/** A stream of these chunks that tells how many were taken from it, and whether it was given up or read to its end. */
export class Source {
  taken = 0
  closed = false
  readonly #chunks: Iterable<unknown>
  readonly #failure: Error | undefined

  /** @param failure is thrown after the last chunk */
  constructor(chunks: Iterable<unknown>, failure?: Error) {
    this.#chunks = chunks
    this.#failure = failure
  }

  async *generate(): AsyncGenerator<Uint8Array> {
    try {
      for (const chunk of this.#chunks) {
        // A turn of the event loop, as a socket or a disk would take.
        await new Promise((resolve) => setImmediate(resolve))
        this.taken++
        yield chunk as Uint8Array
      }
      if (this.#failure !== undefined) throw this.#failure
    } finally {
      this.closed = true
    }
  }

  readable(): Readable {
    return Readable.from(this.generate())
  }

  web(): ReadableStream<Uint8Array> {
    const chunks = this.generate()
    return new ReadableStream<Uint8Array>({
      async pull(controller) {
        const step = await chunks.next()
        if (step.done) controller.close()
        else controller.enqueue(step.value)
      },
      async cancel() {
        await chunks.return(undefined)
      },
    })
  }
}

/** An endless supply of one chunk. */
export function* endless(chunk: Uint8Array): Generator<Uint8Array> {
  for (;;) yield chunk
}

/** Waits until the condition holds; Jest's time-out ends what never comes true. */
export async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise((resolve) => setImmediate(resolve))
}
