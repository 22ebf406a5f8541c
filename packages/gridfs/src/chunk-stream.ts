import { Readable } from 'node:stream'
import type { ChunkReader } from './chunk-reader.ts'

/** The bytes that a {@link ChunkReader} fetches, as a stream. */
export class ChunkStream extends Readable {
  readonly #reader: ChunkReader
  readonly #explain: (error: unknown) => Promise<unknown>
  readonly #release: () => void

  constructor(
    reader: ChunkReader,
    {
      explain,
      release,
    }: {
      /** Makes the error that readers see of what a read has thrown. */
      readonly explain: (error: unknown) => Promise<unknown>
      /** Called once, when the stream is over. */
      readonly release: () => void
    },
  ) {
    super()
    this.#reader = reader
    this.#explain = explain
    this.#release = release
  }

  override _read(): void {
    this.#reader.read().then(
      (bytes) => this.push(bytes),
      async (error: unknown) => this.destroy((await this.#explain(error)) as Error),
    )
  }

  override _destroy(error: Error | null, callback: (error: Error | null) => void): void {
    this.#release()
    callback(error)
  }
}
