import { IncomingMessage } from 'node:http'

/**
 * Breaks off an answer of which nothing has come for `timeout` milliseconds although somebody waits for it. Who reads
 * slowly, or pauses, is left alone, which a time-out of the socket would not do.
 */
export function watchBody(body: unknown, timeout: number): void {
  if (!(body instanceof IncomingMessage)) return
  const { socket } = body
  let seen = socket.bytesRead
  const timer = setInterval(() => {
    const wanted = body.readableFlowing === true && body.readableLength === 0
    if (wanted && socket.bytesRead === seen) {
      body.destroy(
        Object.assign(new Error(`nothing came for ${timeout} ms`), {
          code: 'ETIMEDOUT',
          name: 'TimeoutError',
        }),
      )
    }
    seen = socket.bytesRead
  }, timeout)
  timer.unref()
  body.once('close', () => {
    clearInterval(timer)
  })
}
