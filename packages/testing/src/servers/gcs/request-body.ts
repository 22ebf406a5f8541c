import type { IncomingMessage } from 'node:http'
import { Refusal } from './refusal.ts'

/** The whole body; rejects where the connection broke before its end. */
export async function readBody(request: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = []
  for await (const chunk of request as AsyncIterable<Buffer>) chunks.push(chunk)
  return Buffer.concat(chunks)
}

export async function readJson<T>(request: IncomingMessage): Promise<T> {
  const text = (await readBody(request)).toString()
  try {
    return JSON.parse(text === '' ? '{}' : text) as T
  } catch {
    throw new Refusal(400, 'parseError', 'Parse Error')
  }
}

/** The two parts of a body of `multipart/related`: what is said of the object, and its bytes. */
export function splitRelated(body: Buffer, contentType = ''): { json: string; type: string; bytes: Buffer } {
  const boundary = /boundary="?([^";]+)"?/.exec(contentType)?.[1]
  const last = boundary === undefined ? -1 : body.lastIndexOf(`\r\n--${boundary}--`)
  if (boundary === undefined || last < 0) {
    throw new Refusal(400, 'badContent', 'Missing end boundary in multipart body.')
  }
  const first = body.indexOf('\r\n\r\n') + 4
  const middle = body.indexOf(`\r\n--${boundary}`, first)
  const second = body.indexOf('\r\n\r\n', middle) + 4
  const head = body.toString('latin1', middle, second)
  return {
    json: body.toString('utf8', first, middle),
    type: /content-type:\s*([^\r\n]+)/i.exec(head)?.[1] ?? 'application/octet-stream',
    bytes: body.subarray(second, last),
  }
}
