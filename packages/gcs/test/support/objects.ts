import type { GcsServer } from '@filedepot/testing/gcs-server'

/** What the service says of an object, past the backend. */
export async function objectOf(
  { url }: GcsServer,
  name: string,
  bucket = 'files',
): Promise<Record<string, unknown> & { metadata?: Record<string, string> }> {
  const answer = await fetch(`${url}/storage/v1/b/${bucket}/o/${encodeURIComponent(name)}`)
  return (await answer.json()) as Record<string, unknown>
}

/** Makes an object as others do, past the backend. */
export async function putObject(
  { url }: GcsServer,
  name: string,
  bytes: Buffer,
  fields: { contentType?: string; metadata?: Record<string, string> } = {},
): Promise<void> {
  const path = `${url}/upload/storage/v1/b/files/o?uploadType=multipart&name=${encodeURIComponent(name)}`
  const head = `--cut\r\ncontent-type: application/json\r\n\r\n${JSON.stringify(fields)}\r\n--cut\r\n\r\n`
  const body = Buffer.concat([Buffer.from(head), bytes, Buffer.from('\r\n--cut--\r\n')])
  await fetch(path, { method: 'POST', body, headers: { 'content-type': 'multipart/related; boundary=cut' } })
}

/** A stream of so many bytes, in chunks of 64 KiB. */
export async function* streamOf(bytes: Buffer): AsyncGenerator<Uint8Array> {
  for (let start = 0; start < bytes.byteLength; start += 65_536) {
    yield await Promise.resolve(bytes.subarray(start, start + 65_536))
  }
}

/** A stream that stays open when its bytes were read. */
export async function* hanging(bytes: Buffer): AsyncGenerator<Uint8Array> {
  yield* streamOf(bytes)
  await new Promise(() => undefined)
}
