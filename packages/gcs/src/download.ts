import type { IncomingMessage } from 'node:http'
import { addAbortSignal, PassThrough, type Readable } from 'node:stream'

/** As much as one turn of a fast connection brings. */
const BUFFER_BYTES = 256 * 1024

/** The bytes of an answer. Its connection is closed when they are not read to their end, and when it is aborted. */
export function downloadOf(answer: IncomingMessage, signal: AbortSignal | undefined): Readable {
  const length = Number(answer.headers['content-length'] ?? Number.NaN)
  const bytes = new PassThrough({ highWaterMark: BUFFER_BYTES })
  let received = 0
  answer.on('data', (chunk: Buffer) => {
    received += chunk.byteLength
  })
  answer.on('error', (cause: NodeJS.ErrnoException) => {
    const message = `the connection broke after ${received} of ${length} bytes`
    bytes.destroy(Object.assign(new Error(message, { cause }), { code: cause.code ?? 'ECONNRESET' }))
  })
  bytes.once('close', () => answer.destroy())
  answer.pipe(bytes)
  return signal ? addAbortSignal(signal, bytes) : bytes
}
