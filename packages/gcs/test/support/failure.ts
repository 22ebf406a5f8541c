import { isNativeError } from 'node:util/types'
import { FiledepotError } from '@filedepot/core'

/** What the promise rejects with. */
export async function rejection(promise: Promise<unknown>): Promise<Error & { code?: unknown }> {
  const outcome = await promise.then(
    (value) => ({ value }),
    (error: unknown) => ({ error }),
  )
  // Errors of Node itself are of another realm in Jest, so `instanceof` will not do.
  if ('error' in outcome && isNativeError(outcome.error)) return outcome.error
  throw new Error('Expected a rejection with an error', { cause: outcome })
}

/** The code and the message of an error of ours. */
export function said(error: unknown): { code: unknown; message: string } {
  if (!(error instanceof FiledepotError)) throw new Error('Expected an error of filedepot', { cause: error })
  return { code: error.code, message: error.message }
}
