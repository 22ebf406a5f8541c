import { extname } from 'node:path'
import { FiledepotError } from '../errors.ts'
import { expected } from '../expected.ts'
import { isActiveType, mediaTypeOf } from './inline-types.ts'
import type { SpooledFile } from './spooled-file.ts'
import { presentName } from './types/type-names.ts'

/** What a validator is told, before anything is stored. */
export interface FileToValidate {
  readonly filename: string
  /** The type that the file will be stored with: what its first bytes are, or what they leave open and a claim says. */
  readonly contentType: string
  /** What the client said it was. */
  readonly declaredType: string | undefined
  /** In bytes; `undefined` for a stream of unknown length. `maxSize` stops such a stream at the limit. */
  readonly size: number | undefined
  /**
   * Reads all bytes, for a validator that looks inside: into memory or, from 4 MiB up, into a temporary file. The upload then
   * uses them, and removes the temporary file.
   */
  readonly spool: () => Promise<SpooledFile>
}

/**
 * Looks at a file before it is stored, and throws to refuse it. Throw a {@link FiledepotError} with the code
 * `FILE_REFUSED`, or any error of your own.
 *
 * ```ts
 * import { FiledepotError, type FileValidator } from '@filedepot/core'
 *
 * const noDrafts: FileValidator = ({ filename }) => {
 *   if (filename.startsWith('draft')) throw new FiledepotError('FILE_REFUSED', `"${filename}" is a draft`)
 * }
 * ```
 */
export type FileValidator = (file: FileToValidate) => void | Promise<void>

/**
 * Accepts only these types. The type is taken from the bytes, so a renamed file does not pass. Older names of a type
 * stand for the present one: `audio/x-m4a` for `audio/mp4`.
 *
 * `image/*` stands for all images, except those that can carry a script. A wildcard never accepts a type that a browser
 * runs: SVG, HTML, XML or JavaScript. Name such a type to accept it: `allowTypes('image/*', 'image/svg+xml')`.
 *
 * ```ts
 * import { allowTypes } from '@filedepot/core'
 *
 * const validators = [allowTypes('image/png', 'image/jpeg', 'application/pdf')]
 * ```
 *
 * @throws FiledepotError `INVALID_ARGUMENT` if an argument is neither a media type nor a kind such as `image/*`
 */
export function allowTypes(...types: string[]): FileValidator {
  const patterns = types.map((type) => {
    if (!/^[\w.+-]+\/([\w.+-]+|\*)$/.test(type)) throw expected('type', 'a MIME type or "kind/*"', type)
    return presentName(type.toLowerCase())
  })
  return ({ filename, contentType }) => {
    const got = presentName(mediaTypeOf(contentType))
    const allowed = patterns.some((pattern) =>
      pattern.endsWith('/*') ? got.startsWith(pattern.slice(0, -1)) && !isActiveType(got) : got === pattern,
    )
    if (!allowed) throw refused(filename, types, contentType)
  }
}

/**
 * Accepts only names with these extensions, in any case, for example `.pdf`. A name is what the client says it is:
 * where it matters what a file is, use {@link allowTypes}.
 */
export function allowExtensions(...extensions: string[]): FileValidator {
  const allowed = extensions.map((extension) => {
    if (!extension.startsWith('.'))
      throw expected('extension', 'an extension with its dot, as ".pdf"', extension)
    return extension.toLowerCase()
  })
  return ({ filename }) => {
    const extension = extname(filename).toLowerCase()
    if (!allowed.includes(extension)) throw refused(filename, extensions, extension || 'no extension')
  }
}

function refused(filename: string, wanted: readonly string[], got: string): FiledepotError {
  return new FiledepotError('FILE_REFUSED', `Expected "${filename}" to be ${wanted.join(' or ')}, got ${got}`)
}
