import { IncomingMessage } from 'node:http'

/**
 * Ends an answer if no byte arrives for `timeout` milliseconds while a reader waits. A slow reader, or a pause, does not end it,
 * as a time-out of the socket would.
 */
export function watchBody(body: unknown, timeout: number): void {
  if (!(body instanceof IncomingMessage)) return
  const { socket } = body
  let seen = socket.bytesRead
  let waiting = false
  const timer = setInterval(() => {
    // Waited for the whole time: who goes on after a pause has not waited yet.
    const waited = waiting && socket.bytesRead === seen
    waiting = body.readableFlowing === true && body.readableLength === 0
    seen = socket.bytesRead
    if (waited && waiting) body.destroy(timeoutError(timeout))
  }, timeout)
  timer.unref()
  body.once('close', () => {
    clearInterval(timer)
  })
}

function timeoutError(timeout: number): Error {
  return Object.assign(new Error(`nothing came for ${timeout} ms`), {
    code: 'ETIMEDOUT',
    name: 'TimeoutError',
  })
}
