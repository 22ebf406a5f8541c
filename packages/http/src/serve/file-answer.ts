import type { ByteRange, StoredFile } from '@filedepot/core'

/** What to answer a request with, before a server has made an answer of its own kind of it. */
export interface FileAnswer {
  readonly status: number
  /** One value each, by names in the spelling of RFC 9110. */
  readonly headers: Readonly<Record<string, string>>
  /** The whole body, of an answer that has no file. */
  readonly text?: string
  /** The file, or the part of it, that is the body. */
  readonly body?: FileBodyPart
}

/** The bytes that an answer consists of. */
export interface FileBodyPart {
  readonly file: StoredFile
  readonly range: ByteRange | undefined
  /** In bytes; the answer has said it in `Content-Length`. */
  readonly length: number
  /** How long the client may take no bytes, in milliseconds. Then its connection is cut, and the file closed. */
  readonly stallTimeout: number
}

const TEXTS: Readonly<Record<number, string>> = {
  401: 'Unauthorized',
  403: 'Forbidden',
  404: 'Not Found',
  412: 'Precondition Failed',
  416: 'Range Not Satisfiable',
  500: 'Internal Server Error',
}

/** An answer without a file. Caches may keep some of those by default, so that has to be said. */
export function refusal(status: number, headers: Record<string, string> = {}): FileAnswer {
  const text = TEXTS[status] ?? String(status)
  return {
    status,
    headers: {
      'Cache-Control': 'no-store',
      'Content-Length': String(text.length),
      'Content-Type': 'text/plain; charset=utf-8',
      'X-Content-Type-Options': 'nosniff',
      ...headers,
    },
    text,
  }
}
