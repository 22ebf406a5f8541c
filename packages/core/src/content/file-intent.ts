import { expected } from '../expected.ts'
import { FiledepotError } from '../errors.ts'
import type { FileContent } from './file-content.ts'
import { FileOnDisk } from './file-on-disk.ts'
import { resolveContent } from './resolve-content.ts'
import { CONTENT, type ContentHolder, type ResolvedContent } from './resolved-content.ts'

/** What a {@link FileIntent} says of its content. */
export interface FileIntentOptions {
  filename?: string | undefined
  /** MIME type. It wins over what the bytes look like, so take it from your own code, never from a client. */
  contentType?: string | undefined
}

/**
 * Says explicitly what is being stored: the name and type given here win over everything that the content itself
 * says.
 *
 * ```ts
 * import { depot, FileIntent } from '@filedepot/core'
 *
 * const csv = Buffer.from('id,name\n1,Ada\n')
 * await depot.get().create(new FileIntent(csv, { filename: 'people.csv', contentType: 'text/csv' }))
 * ```
 */
export class FileIntent implements ContentHolder {
  readonly filename: string | undefined
  readonly contentType: string | undefined

  constructor(
    readonly content: FileContent | FileOnDisk,
    { filename, contentType }: FileIntentOptions = {},
  ) {
    this.filename = filename
    this.contentType = contentType
  }

  /** For filedepot itself. */
  [CONTENT](): ResolvedContent {
    const inner = resolveContent(this.content)
    const { declaredType, metadata, size, expectedSize, bytes, replayable, open, release, checkComplete } =
      inner
    // Spread, it would take twice as long, for each small file twice; whatever is added there has to be added here.
    return {
      filename: this.filename ?? inner.filename,
      contentType: this.contentType ?? inner.contentType,
      declaredType,
      metadata,
      size,
      expectedSize,
      bytes,
      replayable,
      open,
      release,
      checkComplete,
    } satisfies Record<keyof ResolvedContent, unknown>
  }
}

/**
 * A file of this machine as content, named after the file unless you name it. It is opened when it is stored, and
 * can be stored again.
 *
 * Give it paths of your own or of your upload parser, never a path that a client sent.
 *
 * ```ts
 * import { fromPath, UploadedFile } from '@filedepot/core'
 *
 * UploadedFile.from(fromPath('/var/reports/2026.pdf', { filename: 'report.pdf' }))
 * ```
 */
export function fromPath(path: string, options: FileIntentOptions = {}): FileIntent {
  if (typeof path !== 'string' || path === '') throw expected('path', 'the path of a file', path)
  return new FileIntent(new FileOnDisk(path), options)
}

const DATA_URL = /^data:([^;,]*)((?:;[^;,]*)*?)(;base64)?,(.*)$/is

/**
 * The bytes and the type of a `data:` URL (RFC 2397), as browsers' canvases make them.
 *
 * @throws FiledepotError `INVALID_CONTENT` where it is none.
 *
 * ```ts
 * import { fromDataUrl } from '@filedepot/core'
 *
 * fromDataUrl('data:image/gif;base64,R0lGODlhAQABAAAAACw=', { filename: 'dot.gif' })
 * ```
 */
export function fromDataUrl(url: string, { filename, contentType }: FileIntentOptions = {}): FileIntent {
  const [, type, , base64, data = ''] = DATA_URL.exec(url) ?? []
  if (type === undefined)
    throw new FiledepotError('INVALID_CONTENT', 'Expected a "data:" URL, got another text')
  const text = decode(data)
  const bytes = Buffer.from(text, base64 ? 'base64' : 'latin1')
  // The type inside the URL is the client's claim, so it becomes the type of a Blob, which is believed only as far
  // as the bytes agree.
  return new FileIntent(new Blob([bytes], { type }), { filename, contentType })
}

/** Percent-decoded, one character a byte; what should have been percent-encoded is UTF-8, as in browsers. */
function decode(data: string): string {
  const bytes = Buffer.from(data).toString('latin1')
  return bytes.replace(/%([0-9a-f]{2})/gi, (_, hex: string) => String.fromCharCode(parseInt(hex, 16)))
}
