/**
 * Reads rows, but for those that cannot be read: on SQLite a field of type `Json` may hold text that is no JSON, and then
 * Prisma gives none of the rows of a statement.
 *
 * @param read fails with a `SyntaxError` if one of the rows has such text
 */
export async function readAround<Key, Row>(
  keys: readonly Key[],
  read: (keys: readonly Key[]) => Promise<readonly Row[]>,
): Promise<Row[]> {
  try {
    return [...(await read(keys))]
  } catch (error) {
    if (!isNoJson(error)) throw error
    if (keys.length <= 1) return []
    const half = keys.length >> 1
    return [...(await readAround(keys.slice(0, half), read)), ...(await readAround(keys.slice(half), read))]
  }
}

/** True for the error of Prisma about text that is no JSON, in a field of type `Json`. */
export function isNoJson(error: unknown): boolean {
  return (error as { name?: unknown } | null)?.name === 'SyntaxError'
}
