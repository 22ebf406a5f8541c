import { isUtf8 } from 'node:buffer'
import { EventEmitter } from 'node:events'
import { isUint8Array } from 'node:util/types'
import { FiledepotError } from '../errors.ts'
import type { FilePart, FormidableFile, MulterFile } from './file-content.ts'
import { FileOnDisk } from './file-on-disk.ts'
import { CONTENT, type ResolvedContent } from './resolved-content.ts'
import { resolveBytes, resolveStream } from './streams.ts'

/** Content from what an upload parser hands over, or `undefined` where it is none. */
export function resolveMultipart(content: unknown): ResolvedContent | undefined {
  if (typeof content !== 'object' || content === null) return undefined
  const part = content as Partial<MulterFile> &
    Partial<FilePart> &
    Partial<FormidableFile> & { path?: unknown }
  const filename = decoded(text(part.originalname) ?? text(part.originalFilename) ?? text(part.filename))
  const declaredType = text(part.mimetype)

  if (typeof (part.filepath ?? part.path) === 'string') return resolveSaved(part, filename, declaredType)
  if (isUint8Array(part.buffer)) return { ...resolveBytes(part.buffer), filename, declaredType }
  if (isUint8Array(part.file)) return { ...resolveBytes(part.file), filename, declaredType }
  const stream = resolveStream(part.file)
  return stream && { ...stream, filename: filename ?? stream.filename, declaredType, ...truncation(part) }
}

/**
 * A file that the parser saved on this machine. An object with a path in it may just as well be the body of a JSON
 * request, `{"path":"/etc/passwd"}`, even in a class, if a validation library put it into one. So only an event
 * emitter, as formidable's files are, is taken as it is.
 */
function resolveSaved(
  part: { filepath?: unknown; originalname?: unknown; originalFilename?: unknown },
  filename: string | undefined,
  declaredType: string | undefined,
): ResolvedContent {
  if (!(part instanceof EventEmitter) || typeof part.filepath !== 'string') {
    const path = typeof part.filepath === 'string' ? 'filepath' : 'path'
    const names = ['originalname', 'originalFilename'] as const
    const name = names.find((key) => text(part[key])) ?? 'filename'
    throw new FiledepotError(
      'INVALID_CONTENT',
      'Cannot take an object that names a path as a file, because a client could have sent it. If your upload parser saved ' +
        `the file, use fromPath(file.${path}, { filename: file.${name} })`,
    )
  }
  return { ...new FileOnDisk(part.filepath)[CONTENT](), filename, declaredType }
}

/** @fastify/multipart ends a part that is over its limit as if it were whole, and says so only on the stream. */
function truncation(part: { file?: unknown; filename?: unknown }): Pick<ResolvedContent, 'checkComplete'> {
  return {
    checkComplete() {
      if ((part.file as { truncated?: unknown }).truncated === true) {
        throw new FiledepotError(
          'FILE_TOO_LARGE',
          `"${text(part.filename) ?? 'the upload'}" is larger than the limit of the upload parser, which cut it off. Send a smaller file, or raise the limit`,
        )
      }
    },
  }
}

/**
 * Browsers send names as UTF-8, and multer and busboy read them as latin1 unless `defParamCharset` says otherwise: `grÃ¼n.txt`.
 * A name that was meant as latin1 is hardly ever UTF-8.
 */
function decoded(name: string | undefined): string | undefined {
  if (name === undefined || !/[\u0080-\u00ff]/.test(name) || /[^\u0000-\u00ff]/.test(name)) return name
  const bytes = Buffer.from(name, 'latin1')
  return isUtf8(bytes) ? bytes.toString() : name
}

function text(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' ? value : undefined
}
