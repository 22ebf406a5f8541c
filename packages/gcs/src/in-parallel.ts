/** Does something with each item, with so many at the same time. */
export async function inParallel<T>(
  items: Iterable<T>,
  atOnce: number,
  action: (item: T) => Promise<void>,
): Promise<void> {
  const left = items[Symbol.iterator]()
  const worker = async (): Promise<void> => {
    for (let step = left.next(); !step.done; step = left.next()) await action(step.value)
  }
  await Promise.all(Array.from({ length: atOnce }, worker))
}
