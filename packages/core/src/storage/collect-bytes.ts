import type { Readable } from 'node:stream'

/** All bytes of a stream. `stream/consumers` takes twice as long, as it goes through a `Blob` on Node 20. */
export async function collectBytes(stream: Readable): Promise<Buffer> {
  const chunks: Uint8Array[] = []
  for await (const chunk of stream as AsyncIterable<Uint8Array>) chunks.push(chunk)
  return Buffer.concat(chunks)
}
