import type { ServerResponse } from 'node:http'

/** Resolves when more can be written, and also where the connection was closed, as nothing drains then. */
export function drained(response: ServerResponse): Promise<void> {
  return new Promise((resolve) => {
    const done = () => {
      response.off('drain', done).off('close', done)
      resolve()
    }
    response.on('drain', done).on('close', done)
    if (response.destroyed) done()
  })
}
