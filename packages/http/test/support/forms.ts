import { request, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { buffer } from 'node:stream/consumers'

const BOUNDARY = '----filedepot'

/** A part of a form. */
export interface FormPart {
  readonly name: string
  readonly filename?: string
  readonly type?: string
  readonly content: string | Uint8Array
}

/** The bytes of a multipart form, as a browser would write it. */
export function multipart(parts: readonly FormPart[]): Buffer {
  const chunks = parts.flatMap(({ name, filename, type, content }) => [
    Buffer.from(
      `--${BOUNDARY}\r\nContent-Disposition: form-data; name="${name}"` +
        (filename === undefined ? '' : `; filename="${filename}"`) +
        (type === undefined ? '' : `\r\nContent-Type: ${type}`) +
        '\r\n\r\n',
    ),
    Buffer.from(content as string),
    Buffer.from('\r\n'),
  ])
  return Buffer.concat([...chunks, Buffer.from(`--${BOUNDARY}--\r\n`)])
}

export const FORM_TYPE = `multipart/form-data; boundary=${BOUNDARY}`

/** Sends a form, and resolves with the answer as JSON. */
export function post(
  server: Server,
  body: Uint8Array | Iterable<Uint8Array>,
  { type = FORM_TYPE }: { type?: string } = {},
): Promise<{ status: number; json: unknown }> {
  return new Promise((resolve, reject) => {
    const { port } = server.address() as AddressInfo
    const sending = request(
      { host: '127.0.0.1', port, method: 'POST', agent: false, headers: { 'content-type': type } },
      (response) => {
        buffer(response).then((bytes) => {
          resolve({ status: response.statusCode ?? 0, json: JSON.parse(bytes.toString()) })
        }, reject)
      },
    )
    sending.once('error', reject)
    for (const chunk of body instanceof Uint8Array ? [body] : body) sending.write(chunk)
    sending.end()
  })
}

/** Sends a part of a form, and hangs up. */
export function breakOff(server: Server, body: Uint8Array): void {
  const { port } = server.address() as AddressInfo
  const sending = request({
    host: '127.0.0.1',
    port,
    method: 'POST',
    agent: false,
    headers: { 'content-type': FORM_TYPE, 'content-length': 1e9 },
  })
  sending.on('error', () => undefined)
  sending.write(body, () => {
    setImmediate(() => sending.destroy())
  })
}
