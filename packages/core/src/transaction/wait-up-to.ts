/** More than this is more than a timer of Node can wait: 24.8 days. */
const LONGEST_TIMER_MS = 2 ** 31 - 1

/**
 * Waits for something that must not be waited for without a limit: resolves when it has settled, or after `maxWait`.
 * The timer keeps the process alive, because the caller waits for it.
 *
 * @param maxWait in milliseconds; `Infinity` waits without a limit
 */
export async function waitUpTo(maxWait: number, settling: Promise<unknown>): Promise<void> {
  if (maxWait > LONGEST_TIMER_MS) {
    await settling
    return
  }
  let timer: NodeJS.Timeout | undefined
  const tired = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, maxWait)
  })
  try {
    await Promise.race([settling, tired])
  } finally {
    clearTimeout(timer)
  }
}
