import { FiledepotError, type StoredFile } from '@filedepot/core'
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
  readonly #file: StoredFile

  constructor({ length, file }: FileBodyPart) {
    this.#left = length
    this.#file = file
  }

  /** Called before the chunk is sent: what is too much must not look like what was announced. */
  add(chunk: Uint8Array): void {
    this.#left -= chunk.byteLength
    if (this.#left < 0) throw new ReplacedError(this.#file)
  }

  end(): void {
    if (this.#left > 0) throw new ReplacedError(this.#file)
  }
}

/** The answer has said what the file was before. As long as nothing of it was sent, another can be made. */
export class ReplacedError extends FiledepotError {
  constructor({ path }: StoredFile) {
    super('READ_FAILED', `"${path}" was replaced while it was sent`)
  }
}
