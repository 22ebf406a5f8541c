import { basename } from 'node:path/posix'

/** The name of a file without a name. */
const UNNAMED = 'unnamed'

const MAX_BYTES = 255

// Control characters, the marks that make a name read in another direction than it is written (U+202A…, U+2066…), and halves
// of surrogate pairs, which no URL and no jsonb can hold.
const UNSAFE = /[\u0000-\u001f\u007f-\u009f\u200e\u200f\u202a-\u202e\u2066-\u2069]|\p{Cs}/gu

/**
 * A name that is safe to show: without control characters, without path parts (also of Windows), at most 255 bytes
 * of UTF-8 with the extension kept. It is never part of a key.
 *
 * ```ts
 * import { cleanFilename } from '@filedepot/core/backend'
 *
 * cleanFilename('../../etc/passwd') //=> 'passwd'
 * cleanFilename('C:\\photos\\me.png') //=> 'me.png'
 * ```
 */
export function cleanFilename(name: string | undefined): string {
  const clean = basename((name ?? '').replace(UNSAFE, '').replaceAll('\\', '/')).trim()
  if (clean === '' || clean === '.' || clean === '..') return UNNAMED
  return Buffer.byteLength(clean) <= MAX_BYTES ? clean : shorten(clean)
}

function shorten(name: string): string {
  const dot = name.lastIndexOf('.')
  const extension = dot > 0 && Buffer.byteLength(name.slice(dot)) <= 32 ? name.slice(dot) : ''
  const stem = Buffer.from(name)
    .subarray(0, MAX_BYTES - Buffer.byteLength(extension))
    .toString()
  // The cut may have gone through a character; what is left of it decodes as the replacement character.
  return (stem.replace(/\ufffd$/, '') + extension).trimEnd()
}
