import type { ServerResponse } from 'node:http'
import type { Writable } from 'node:stream'

/**
 * Resolves when more can be written, and also if the connection was closed, as nothing drains then. A client that takes
 * nothing within `timeout` milliseconds loses its connection.
 */
export function drained(response: ServerResponse, timeout: number): Promise<void> {
  return new Promise((resolve) => {
    const timer = cutAfter(response, timeout)
    const done = () => {
      clearTimeout(timer)
      response.off('drain', done).off('close', done)
      resolve()
    }
    response.on('drain', done).on('close', done)
    if (isGone(response)) done()
  })
}

/** Cuts the connection after `timeout` milliseconds, unless the timer is cleared before. */
export function cutAfter(response: ServerResponse, timeout: number): NodeJS.Timeout | undefined {
  if (timeout > MAX_TIMEOUT) return undefined
  return setTimeout(() => response.destroy(), timeout)
}

/** The last bytes were given to the response: cuts the connection if the client does not take them. */
export function cutUnread(response: ServerResponse, timeout: number): void {
  // Mostly the system has taken them, and there is nothing to wait for.
  if (!((streamOf(response)?.writableLength ?? response.writableLength) > 0)) return
  const timer = cutAfter(response, timeout)
  response.once('close', () => {
    clearTimeout(timer)
  })
}

/** True if the client has disconnected, or the response has ended. */
export function isGone(response: ServerResponse): boolean {
  return response.destroyed || streamOf(response)?.destroyed === true
}

/** Of HTTP/2: its responses do not say themselves whether they are destroyed, and how much is left to send. */
function streamOf(response: ServerResponse): Writable | undefined {
  return (response as { readonly stream?: Writable }).stream
}

/** Of Node's timers, in milliseconds: 24 days. */
export const MAX_TIMEOUT = 2 ** 31 - 1
