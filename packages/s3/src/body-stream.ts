import { addAbortSignal, Readable } from 'node:stream'

/** The body of an answer as a stream whose errors are explained. */
export function bodyStream(
  body: Readable,
  explain: (error: unknown) => Error,
  signal?: AbortSignal,
): Readable {
  const stream = new Readable({
    read() {
      body.resume()
    },
    destroy(error, callback) {
      body.destroy()
      callback(error)
    },
  })
  body.on('data', (chunk: Buffer) => {
    if (!stream.push(chunk)) body.pause()
  })
  body.once('end', () => stream.push(null))
  body.once('error', (error) => stream.destroy(explain(error)))
  body.once('close', () => {
    if (body.readableEnded) return
    stream.destroy(
      explain(
        Object.assign(new Error('The connection broke before the answer was complete'), {
          code: 'ECONNRESET',
        }),
      ),
    )
  })
  // No byte flows before the first read.
  body.pause()
  return signal ? addAbortSignal(signal, stream) : stream
}
