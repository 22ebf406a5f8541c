/** How long an abort waits for the answer to a request by which a file comes to exist. */
const SETTLE_MS = 2_000

/**
 * Runs a request by which a file comes to exist. The service may carry it out even if the caller
 * has stopped waiting, so an abort waits a little for the answer. Then the file is known, and can be removed.
 */
export async function settle<T>(
  signal: AbortSignal | undefined,
  request: (signal: AbortSignal | undefined) => Promise<T>,
): Promise<T> {
  if (!signal) return await request(undefined)
  signal.throwIfAborted()
  const late = new AbortController()
  let timer: NodeJS.Timeout | undefined
  const onAbort = (): void => {
    timer = setTimeout(() => {
      late.abort(signal.reason)
    }, SETTLE_MS)
  }
  signal.addEventListener('abort', onAbort, { once: true })
  try {
    return await request(late.signal)
  } finally {
    signal.removeEventListener('abort', onAbort)
    clearTimeout(timer)
  }
}
