/** The own fields of a value as a plain object, to be compared whole. */
export function fieldsOf(value: object): Record<string, unknown> {
  return Object.fromEntries(Object.entries(value))
}
