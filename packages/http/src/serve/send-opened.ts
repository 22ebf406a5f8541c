import type { OpenedFile } from '@filedepot/core/backend'
import { ServerResponse } from 'node:http'
import { BufferPool } from './buffer-pool.ts'
import { cutAfter, cutUnread, drained, isGone } from './drained.ts'
import type { FileAnswer, FileBodyPart } from './file-answer.ts'
import { ReplacedError } from './open-body.ts'
import { writeHead } from './write-head.ts'

/** A slow client holds one of these for as long as it takes its bytes. */
const SMALL = new BufferPool(64 * 1024, 32)
const LARGE = new BufferPool(256 * 1024, 16)

/** Up to this size, copying the bytes costs less than writing them by themselves. */
export const JOINED_BYTES = 8 * 1024

/** Sends an answer with an opened file: by one buffer, which is filled again when the system has taken its bytes. */
export async function sendOpened(
  opened: OpenedFile,
  answer: FileAnswer,
  { file, range, length, stallTimeout }: FileBodyPart,
  response: ServerResponse,
): Promise<void> {
  if (opened.etag !== file.etag || opened.size !== file.size) throw new ReplacedError(file)
  const pool = length > SMALL.bytes ? LARGE : SMALL
  const buffer = pool.take()
  let position = range?.start ?? 0
  const end = position + length
  for (;;) {
    const chunk = buffer.subarray(0, Math.min(pool.bytes, end - position))
    const count = await opened.read(chunk, position)
    if (isGone(response)) return
    if (count < chunk.byteLength) throw new ReplacedError(file)
    // Here and not before, so that the head goes with the first bytes.
    if (!response.headersSent) writeHead(answer, response)
    position += count
    if (position === end) {
      finish(response, chunk, () => {
        pool.give(buffer)
      })
      cutUnread(response, stallTimeout)
      return
    }
    await written(response, chunk, stallTimeout)
  }
}

function finish(response: ServerResponse, chunk: Buffer, release: () => void): void {
  if (chunk.byteLength <= JOINED_BYTES) {
    // One system call for head and body: Node joins them if both are text, here of one character a byte.
    response.end(chunk.toString('latin1'), 'latin1')
    release()
  } else if (isPlain(response)) {
    response.end(chunk, release)
  } else {
    response.end(Buffer.from(chunk))
    release()
  }
}

/** Resolves when the bytes may be changed, or when the client is gone. */
async function written(response: ServerResponse, chunk: Buffer, timeout: number): Promise<void> {
  if (!isPlain(response)) {
    if (!response.write(Buffer.from(chunk))) await drained(response, timeout)
    return
  }
  await new Promise<void>((resolve) => {
    const timer = cutAfter(response, timeout)
    const done = () => {
      clearTimeout(timer)
      response.off('close', done)
      resolve()
    }
    response.once('close', done)
    response.write(chunk, done)
  })
}

/** False if a middleware replaced `write`, for example to compress: it may keep the bytes. */
function isPlain(response: ServerResponse): boolean {
  const { prototype } = ServerResponse
  return response.write === prototype.write && response.end === prototype.end
}
