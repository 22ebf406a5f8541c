import { FiledepotError } from '@filedepot/core'
import type { Readable } from 'node:stream'
import { Transform, type TransformCallback } from 'node:stream'
import type { FileBodyPart } from './file-answer.ts'

/** Opens the bytes of an answer. */
export async function openBody(
  { file, range }: FileBodyPart,
  signal: AbortSignal | undefined,
): Promise<Readable> {
  return await file.stream(range, signal ? { signal } : {})
}

/**
 * Lets as many bytes through as the answer has announced, and fails where there are more or fewer: the file was replaced
 * after it was looked at. A client whose connection breaks knows that it has not got the file.
 */
export class ExactLength extends Transform {
  #left: number
  readonly #path: string

  constructor({ length, file }: FileBodyPart) {
    super()
    this.#left = length
    this.#path = file.path
  }

  override _transform(chunk: Uint8Array, _encoding: BufferEncoding, callback: TransformCallback): void {
    this.#left -= chunk.byteLength
    if (this.#left < 0) callback(this.#changed())
    else callback(null, chunk)
  }

  override _flush(callback: TransformCallback): void {
    callback(this.#left === 0 ? null : this.#changed())
  }

  #changed(): FiledepotError {
    return new FiledepotError('READ_FAILED', `"${this.#path}" was replaced while it was sent`)
  }
}
