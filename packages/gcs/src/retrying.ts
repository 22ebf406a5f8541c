import { setTimeout as sleep } from 'node:timers/promises'
import type { ApiError, Storage } from '@google-cloud/storage'

/** Codes of temporary connection failures. A refused connection is temporary too, because the service may be restarting. */
const CONNECTION = new Set([
  'ECONNREFUSED',
  'ECONNRESET',
  'EAI_AGAIN',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'EPIPE',
  'ETIMEDOUT',
])

/** How often, and how long, what has failed is tried again: as the client's `retryOptions` say. */
export type RetryOptions = Storage['retryOptions']

/** True if it may go well the next time. */
export function isRetryable(error: unknown, { autoRetry = true, retryableErrorFn }: RetryOptions): boolean {
  if (!autoRetry || typeof error !== 'object' || error === null) return false
  return CONNECTION.has(String((error as { code?: unknown }).code)) || !!retryableErrorFn?.(error as ApiError)
}

/**
 * Tries again what failed in a way that passes, after a delay that grows. `attempt` is told how often it was tried
 * before.
 */
export async function retrying<T>(
  options: RetryOptions,
  signal: AbortSignal | undefined,
  attempt: (tries: number) => Promise<T>,
): Promise<T> {
  const { maxRetries = 3, retryDelayMultiplier = 2, maxRetryDelay = 64, totalTimeout = 600 } = options
  const start = performance.now()
  for (let tries = 0; ; tries++) {
    try {
      return await attempt(tries)
    } catch (error) {
      // At random, so that many who failed together do not come back together.
      const delay = Math.min(retryDelayMultiplier ** tries, maxRetryDelay) * (500 + Math.random() * 500)
      const tooLate = performance.now() - start + delay > totalTimeout * 1000
      if (signal?.aborted || tries >= maxRetries || tooLate || !isRetryable(error, options)) throw error
      await sleep(delay, undefined, { ...(signal && { signal }) })
    }
  }
}
