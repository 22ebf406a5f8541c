/** The promise, or a rejection as soon as the signal is aborted; what was begun goes on unheard then. */
export function abortable<T>(promise: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  return withAbortGrace(promise, signal, 0)
}

/** As {@link abortable}, but for so many milliseconds after the abort the promise may still settle. */
export function withAbortGrace<T>(
  promise: Promise<T>,
  signal: AbortSignal | undefined,
  patienceMs: number,
): Promise<T> {
  if (!signal) return promise
  return new Promise((resolve, reject) => {
    let timer: NodeJS.Timeout | undefined
    const giveUp = (): void => {
      reject(signal.reason as Error)
    }
    const aborted = (): void => {
      if (patienceMs === 0) giveUp()
      else timer = setTimeout(giveUp, patienceMs)
    }
    if (signal.aborted) aborted()
    else signal.addEventListener('abort', aborted, { once: true })
    const settle = (): void => {
      clearTimeout(timer)
      signal.removeEventListener('abort', aborted)
    }
    void promise.then(resolve, reject).finally(settle)
  })
}

/** The items until the signal is aborted, which ends the waiting for an item that never comes. */
export async function* untilAborted<T>(
  items: AsyncIterable<T>,
  signal: AbortSignal | undefined,
): AsyncGenerator<T> {
  const iterator = items[Symbol.asyncIterator]()
  let ended = false
  try {
    for (;;) {
      const step = await abortable(iterator.next(), signal)
      if (step.done) break
      yield step.value
    }
    ended = true
  } finally {
    // Not awaited: where the next item never comes, neither does this.
    if (!ended) void Promise.resolve(iterator.return?.()).catch(() => undefined)
  }
}
