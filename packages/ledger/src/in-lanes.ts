/** Runs an action for each item, a few at a time. What one throws ends all, when those that are under way have ended. */
export async function inLanes<T>(
  items: AsyncIterable<T> | Iterable<T>,
  lanes: number,
  action: (item: T) => Promise<void>,
): Promise<void> {
  const iterator =
    Symbol.asyncIterator in items
      ? items[Symbol.asyncIterator]()
      : asynchronous(items)[Symbol.asyncIterator]()
  let isOver = false
  const lane = async (): Promise<void> => {
    try {
      while (!isOver) {
        const step = await iterator.next()
        if (step.done === true) break
        await action(step.value)
      }
    } finally {
      isOver = true
    }
  }
  const outcomes = await Promise.allSettled(Array.from({ length: lanes }, lane))
  const failed = outcomes.find((outcome) => outcome.status === 'rejected')
  if (!failed) return
  await iterator.return?.()
  throw failed.reason
}

/** Items in lists of a size, the last of which may be shorter. */
export async function* inBatches<T>(
  items: AsyncIterable<T> | Iterable<T>,
  size: number,
): AsyncGenerator<T[]> {
  let batch: T[] = []
  for await (const item of items) {
    batch.push(item)
    if (batch.length < size) continue
    yield batch
    batch = []
  }
  if (batch.length > 0) yield batch
}

async function* asynchronous<T>(items: Iterable<T>): AsyncGenerator<T> {
  for (const item of items) yield await Promise.resolve(item)
}
