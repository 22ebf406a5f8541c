import { Readable } from 'node:stream'
import { FileIntent } from './file-intent.ts'

/**
 * True for a stream that is open already: a request, a part of a form, the answer to a `fetch`. It may be that of a client,
 * who decides how long it takes. A generator is none: it does nothing before it is read.
 */
export function isOpenStream(content: unknown): boolean {
  if (content instanceof FileIntent) return isOpenStream(content.content)
  if (content instanceof Readable) return true
  const { getReader, file } = (content ?? {}) as { getReader?: unknown; file?: unknown }
  return typeof getReader === 'function' || file instanceof Readable
}
