/** The id in a path. What is none is one that no row has. */
export function idOf({ id = '' }: { id?: string }): number {
  return /^\d{1,9}$/.test(id) ? Number(id) : 0
}
