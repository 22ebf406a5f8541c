/** The bytes up to a number of them, and then an error. What is shorter passes whole. */
export async function* tornBytes(
  body: Uint8Array | AsyncIterable<Uint8Array>,
  after: number,
  error: () => unknown,
): AsyncGenerator<Uint8Array> {
  const chunks = body instanceof Uint8Array ? [body] : body
  let left = after
  for await (const chunk of chunks) {
    if (chunk.byteLength > left) {
      if (left > 0) yield chunk.subarray(0, left)
      throw error()
    }
    left -= chunk.byteLength
    yield chunk
  }
}

/** The ids up to a number of them, and then an error. */
export async function* tornIds(
  ids: AsyncIterable<string>,
  after: number,
  error: () => unknown,
): AsyncGenerator<string> {
  let left = after
  for await (const id of ids) {
    if (left-- === 0) throw error()
    yield id
  }
}
