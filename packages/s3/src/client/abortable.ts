/**
 * The chunks of a body until the signal is aborted, which then is at once, also if the body hangs. It is told to
 * end, but not waited for.
 */
export async function* abortable(
  body: AsyncIterable<Uint8Array>,
  signal: AbortSignal,
): AsyncGenerator<Uint8Array> {
  const chunks = body[Symbol.asyncIterator]()
  // One listener for all chunks: a race with a promise that outlives them would keep every chunk alive.
  let giveUp: ((reason: unknown) => void) | undefined
  const onAbort = (): void => giveUp?.(signal.reason)
  signal.addEventListener('abort', onAbort)
  let ended = false
  try {
    for (;;) {
      signal.throwIfAborted()
      const step = await new Promise<IteratorResult<Uint8Array, unknown>>((resolve, reject) => {
        giveUp = reject
        chunks.next().then(resolve, (error: unknown) => {
          ended = true
          giveUp?.(error)
        })
      })
      if (step.done) {
        ended = true
        return
      }
      yield step.value
    }
  } finally {
    signal.removeEventListener('abort', onAbort)
    if (!ended) void chunks.return?.().catch(() => undefined)
  }
}
