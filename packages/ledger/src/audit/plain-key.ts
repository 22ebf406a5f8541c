/** A key as JSON. Values that JSON cannot hold become text. */
export function plainKey(key: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> {
  return JSON.parse(JSON.stringify(key, plain)) as Readonly<Record<string, unknown>>
}

function plain(this: unknown, name: string, value: unknown): unknown {
  // Before `toJSON`, which makes an object of a buffer.
  const raw = (this as Record<string, unknown>)[name]
  if (raw instanceof Uint8Array) return Buffer.from(raw).toString('hex')
  return typeof value === 'bigint' ? value.toString() : value
}
