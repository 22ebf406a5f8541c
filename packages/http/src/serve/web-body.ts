import { AbortedError } from '@filedepot/core'
import type { Readable } from 'node:stream'
import { ReadableStream } from 'node:stream/web'
import { MAX_TIMEOUT } from './drained.ts'
import type { FileBodyPart } from './file-answer.ts'
import { LengthCheck, openBody } from './open-body.ts'

/**
 * The bytes of an answer as a web stream. The first read opens the file. After `stallTimeout` milliseconds without a read the
 * file is closed, and the next read gets `ABORTED`.
 */
export function webBody(part: FileBodyPart, signal: AbortSignal | undefined): ReadableStream<Uint8Array> {
  const source = new BodySource(part, signal)
  // Nothing is read ahead, so nothing is open before the first read.
  return new ReadableStream<Uint8Array>(source, { highWaterMark: 0 })
}

class BodySource {
  readonly #part: FileBodyPart
  readonly #signal: AbortSignal | undefined
  readonly #check: LengthCheck
  #opened: { stream: Readable; chunks: AsyncIterator<Uint8Array, undefined> } | undefined
  #isCancelled = false
  #timer: NodeJS.Timeout | undefined

  constructor(part: FileBodyPart, signal: AbortSignal | undefined) {
    this.#part = part
    this.#signal = signal
    this.#check = new LengthCheck(part)
  }

  async pull(controller: ReadableStreamDefaultController<Uint8Array>): Promise<void> {
    clearTimeout(this.#timer)
    try {
      this.#opened ??= await this.#open()
      const next = await this.#opened.chunks.next()
      if (this.#isCancelled) return
      if (next.done) {
        this.#check.end()
        controller.close()
        return
      }
      this.#check.add(next.value)
      controller.enqueue(next.value)
    } catch (error) {
      this.#close()
      throw error
    }
    this.#closeLater(controller)
  }

  cancel(): void {
    this.#isCancelled = true
    this.#close()
  }

  async #open() {
    const stream = await openBody(this.#part, this.#signal)
    // Cancelled while it was opened.
    if (this.#isCancelled) stream.destroy()
    return { stream, chunks: stream[Symbol.asyncIterator]() as AsyncIterator<Uint8Array, undefined> }
  }

  #closeLater(controller: ReadableStreamDefaultController<Uint8Array>): void {
    const { stallTimeout, file } = this.#part
    if (stallTimeout > MAX_TIMEOUT || this.#isCancelled) return
    this.#timer = setTimeout(() => {
      this.#close()
      controller.error(
        new AbortedError(`Sending "${file.path}", whose reader took nothing for ${stallTimeout} ms,`),
      )
    }, stallTimeout).unref()
  }

  #close(): void {
    clearTimeout(this.#timer)
    this.#opened?.stream.destroy()
  }
}
