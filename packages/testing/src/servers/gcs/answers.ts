import type { ServerResponse } from 'node:http'
import type { Refusal } from './refusal.ts'

export function sendJson(
  response: ServerResponse,
  value: unknown,
  status = 200,
  headers: Readonly<Record<string, string>> = {},
): void {
  const body = value === undefined ? '' : JSON.stringify(value)
  response.writeHead(status, {
    'content-type': 'application/json; charset=UTF-8',
    'content-length': String(Buffer.byteLength(body)),
    ...headers,
  })
  response.end(body)
}

export function sendEmpty(
  response: ServerResponse,
  status: number,
  headers: Readonly<Record<string, string>> = {},
): void {
  response.writeHead(status, { 'content-length': '0', ...headers })
  response.end()
}

/** The answer to what is refused, in the form of the API that was asked. */
export function sendRefusal(
  response: ServerResponse,
  { status, reason, message, headers }: Refusal,
  form: 'json' | 'text' | 'xml',
): void {
  if (form === 'json') {
    const errors = [{ message, domain: 'global', reason }]
    sendJson(response, { error: { code: status, message, errors } }, status, headers)
    return
  }
  const body =
    form === 'text'
      ? message
      : `<?xml version='1.0' encoding='UTF-8'?><Error><Code>${reason}</Code><Message>${message}</Message></Error>`
  response.writeHead(status, {
    'content-type': form === 'text' ? 'text/html; charset=UTF-8' : 'application/xml; charset=UTF-8',
    'content-length': String(Buffer.byteLength(body)),
    ...headers,
  })
  response.end(body)
}
