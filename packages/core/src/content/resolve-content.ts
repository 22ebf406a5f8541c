import { Readable } from 'node:stream'
import { isAnyArrayBuffer, isUint8Array } from 'node:util/types'
import { FiledepotError } from '../errors.ts'
import { describe } from '../expected.ts'
import { resolveMultipart } from './multipart.ts'
import { CONTENT, isContentHolder, type ResolvedContent } from './resolved-content.ts'
import { resolveBytes, resolveStream } from './streams.ts'

/**
 * Finds out what a value is, without reading it.
 *
 * @throws FiledepotError `INVALID_CONTENT`
 */
export function resolveContent(content: unknown): ResolvedContent {
  if (isContentHolder(content)) return content[CONTENT]()
  if (isUint8Array(content)) return resolveBytes(content)
  if (isAnyArrayBuffer(content)) return resolveBytes(new Uint8Array(content))
  if (isBlob(content)) return resolveBlob(content)
  const found = resolveStream(content) ?? resolveMultipart(content)
  if (found) return found
  throw new FiledepotError(
    'INVALID_CONTENT',
    typeof content === 'string'
      ? 'Cannot store text as a file. Pass its bytes, for example Buffer.from(text)'
      : `Expected the content of a file (bytes, a Blob, a stream, an upload), got ${describe(content)}`,
  )
}

function resolveBlob(blob: Blob & { name?: unknown }): ResolvedContent {
  return {
    filename: typeof blob.name === 'string' ? blob.name : undefined,
    declaredType: blob.type === '' ? undefined : blob.type,
    size: blob.size,
    replayable: true,
    open: () => Readable.fromWeb(blob.stream()),
  }
}

function isBlob(value: unknown): value is Blob {
  const tag = (value as { [Symbol.toStringTag]?: unknown } | null | undefined)?.[Symbol.toStringTag]
  return (tag === 'Blob' || tag === 'File') && typeof (value as Blob).stream === 'function'
}
