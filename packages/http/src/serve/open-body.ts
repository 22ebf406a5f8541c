import { FiledepotError } from '@filedepot/core'
import type { Readable } from 'node:stream'
import type { FileBodyPart } from './file-answer.ts'

/** Opens the bytes of an answer. */
export async function openBody(
  { file, range }: FileBodyPart,
  signal: AbortSignal | undefined,
): Promise<Readable> {
  return await file.stream(range, signal ? { signal } : {})
}

/**
 * Counts the bytes of an answer, and fails where there are more or fewer than it has announced: the file was replaced
 * after it was looked at. A client whose connection breaks knows that it has not got the file.
 */
export class LengthCheck {
  #left: number
  readonly #path: string

  constructor({ length, file }: FileBodyPart) {
    this.#left = length
    this.#path = file.path
  }

  /** Called before the chunk is sent: what is too much must not look like what was announced. */
  add(chunk: Uint8Array): void {
    this.#left -= chunk.byteLength
    if (this.#left < 0) throw this.#changed()
  }

  end(): void {
    if (this.#left > 0) throw this.#changed()
  }

  #changed(): FiledepotError {
    return new FiledepotError('READ_FAILED', `"${this.#path}" was replaced while it was sent`)
  }
}
