import { FiledepotError } from '../../src/errors.ts'

/** What the promise rejects with, which has to be an error of ours. */
export async function failure(promise: Promise<unknown>): Promise<FiledepotError> {
  const outcome = await promise.then(
    (value) => ({ value }),
    (error: unknown) => ({ error }),
  )
  if ('error' in outcome && outcome.error instanceof FiledepotError) return outcome.error
  throw new Error('Expected a rejection with a FiledepotError', {
    cause: 'error' in outcome ? outcome.error : outcome.value,
  })
}

/** What the function throws, which has to be an error of ours. */
export function thrown(action: () => unknown): FiledepotError {
  try {
    action()
  } catch (error) {
    if (error instanceof FiledepotError) return error
    throw error
  }
  throw new Error('Expected the function to throw')
}
