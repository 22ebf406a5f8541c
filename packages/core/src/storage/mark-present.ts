/** An id of one list, and whether another one has it, too. */
export interface ListedFile {
  readonly id: string
  readonly isPresent: boolean
}

/** The ids of a list, each with whether `others` has it. Both ascend, so neither is held in memory. */
export async function* markPresent(
  ids: AsyncIterable<string>,
  others: AsyncIterable<string>,
): AsyncGenerator<ListedFile, undefined, undefined> {
  const rest = others[Symbol.asyncIterator]()
  try {
    let other = await rest.next()
    for await (const id of ids) {
      while (!other.done && other.value < id) other = await rest.next()
      yield { id, isPresent: !other.done && other.value === id }
    }
  } finally {
    await rest.return?.()
  }
}
