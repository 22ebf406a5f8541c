import { isPromise } from 'node:util/types'

/**
 * An operation on files, written once for quick disks and for slow ones. It yields what it has to wait for. While nothing has
 * to be waited for, it runs to its end at once.
 */
export type Steps<T> = Generator<Promise<unknown>, T, unknown>

/** Runs steps: returns their result, or a promise if one of them has to be waited for. */
export function runSteps<T>(steps: Steps<T>): T | Promise<T> {
  const { done, value } = steps.next()
  return done ? value : goOn(steps, value)
}

/** A step that may have to be waited for. */
export function* waitFor<T>(value: T | Promise<T>): Steps<T> {
  return isPromise(value) ? ((yield value) as T) : value
}

/** Two operations at the same time. The outcome of each is told, so that what one has made can be undone. */
export function* together<A, B>(
  first: Steps<A>,
  second: Steps<B>,
): Steps<[PromiseSettledResult<A>, PromiseSettledResult<B>]> {
  const [a, b] = [settle(first), settle(second)]
  return [yield* waitFor(a), yield* waitFor(b)]
}

/** The results of {@link together}. @throws the first error */
export function bothOf<A, B>([a, b]: readonly [PromiseSettledResult<A>, PromiseSettledResult<B>]): [A, B] {
  if (a.status === 'rejected') throw a.reason
  if (b.status === 'rejected') throw b.reason
  return [a.value, b.value]
}

async function goOn<T>(steps: Steps<T>, first: Promise<unknown>): Promise<T> {
  for (let waiting = first; ;) {
    const outcome = await waiting.then(fulfilled, rejected)
    const step = outcome.status === 'fulfilled' ? steps.next(outcome.value) : steps.throw(outcome.reason)
    if (step.done) return step.value
    waiting = step.value
  }
}

function settle<T>(steps: Steps<T>): PromiseSettledResult<T> | Promise<PromiseSettledResult<T>> {
  try {
    const running = runSteps(steps)
    return isPromise(running) ? running.then(fulfilled, rejected) : fulfilled(running)
  } catch (error) {
    return rejected(error)
  }
}

function fulfilled<T>(value: T): PromiseFulfilledResult<T> {
  return { status: 'fulfilled', value }
}

function rejected(reason: unknown): PromiseRejectedResult {
  return { status: 'rejected', reason }
}
