/** How many statements are under way at a time. */
const AT_ONCE = 8

/** Runs an action for each item, some at a time. After the first that fails no other begins, and it waits for the rest. */
export async function eachOf<T>(items: readonly T[], action: (item: T) => Promise<void>): Promise<void> {
  const left = [...items].reverse()
  const failures: unknown[] = []
  const work = async () => {
    for (let item = left.pop(); item !== undefined && failures.length === 0; item = left.pop()) {
      try {
        await action(item)
      } catch (error) {
        failures.push(error)
      }
    }
  }
  await Promise.all(Array.from({ length: Math.min(AT_ONCE, items.length) }, work))
  if (failures.length > 0) throw failures[0]
}
