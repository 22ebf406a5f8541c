/** How many statements are under way at a time. */
const AT_ONCE = 8

/** Runs an action for each item, some at a time. After the first that fails no other begins, and it waits for the rest. */
export async function eachOf<T>(
  items: Iterable<T> | AsyncIterable<T>,
  action: (item: T) => Promise<void>,
): Promise<void> {
  const left = inOrder(items)
  const failures: unknown[] = []
  const work = async () => {
    while (failures.length === 0) {
      try {
        const next = await left.next()
        if (next.done) return
        await action(next.value)
      } catch (error) {
        failures.push(error)
      }
    }
  }
  await Promise.all(Array.from({ length: AT_ONCE }, work))
  // Closes the cursor behind it.
  await left.return(undefined)
  if (failures.length > 0) throw failures[0]
}

/** Several can ask a generator for the next item at a time: it answers one after the other. */
async function* inOrder<T>(items: Iterable<T> | AsyncIterable<T>): AsyncGenerator<T, undefined> {
  yield* items
  return undefined
}
