/** Types that a browser may show in its window, because no script can be in them; `audio/*` stands for a whole kind. */
export const INLINE_TYPES: readonly string[] = [
  'image/png',
  'image/jpeg',
  'image/gif',
  'image/webp',
  'image/avif',
  'image/bmp',
  'audio/*',
  'video/*',
  'text/plain',
]

const UNKNOWN = 'application/octet-stream'
const ONE_TYPE = /^[\w!#$&^.+-]+\/[\w!#$&^.+-]+$/

/** Types that a browser runs, or that can carry a script: HTML, every kind of XML with SVG among them, and JavaScript. */
const ACTIVE =
  /^(?:text\/(?:html|xml|xsl|javascript|(?:x-)?ecmascript|jscript|livescript)|application\/(?:xml|xml-dtd|javascript|x-javascript|ecmascript|x-ecmascript|x-shockwave-flash)|[^/]+\/[^/]+\+xml)$/

/**
 * A media type without its parameters, in lower case; `application/octet-stream` if the text is not a media type.
 *
 * ```ts
 * import { mediaTypeOf } from '@filedepot/core/backend'
 *
 * mediaTypeOf('Text/HTML; charset=utf-8') //=> 'text/html'
 * ```
 */
export function mediaTypeOf(contentType: string): string {
  const type = (contentType.split(';', 1)[0] ?? '').trim().toLowerCase()
  return ONE_TYPE.test(type) ? type : UNKNOWN
}

/** True if a browser runs files of this type, or if a script can be in them, for example `image/svg+xml`. */
export function isActiveType(contentType: string): boolean {
  return ACTIVE.test(mediaTypeOf(contentType))
}

/**
 * How a browser may show a file: `inline` only if its type is one of `types`, and `attachment` for everything else.
 *
 * @param types media types, or kinds such as `audio/*`
 *
 * ```ts
 * import { dispositionOf } from '@filedepot/core/backend'
 *
 * dispositionOf('image/png') //=> 'inline'
 * dispositionOf('image/svg+xml') //=> 'attachment'
 * ```
 */
export function dispositionOf(
  contentType: string,
  types: readonly string[] = INLINE_TYPES,
): 'inline' | 'attachment' {
  const type = mediaTypeOf(contentType)
  const kind = `${type.slice(0, type.indexOf('/'))}/*`
  const isShown = types.some((one) => {
    const shown = one.toLowerCase()
    return shown === type || shown === kind
  })
  return isShown ? 'inline' : 'attachment'
}
