import { extname } from 'node:path'
import { filetypeinfo } from 'magic-bytes.js'
import { lookup } from 'mrmime'

/** The type of bytes of which nothing is known. */
const UNKNOWN_TYPE = 'application/octet-stream'

/** How many bytes from the start are looked at: the signature of a tar archive ends at byte 262. */
const HEAD_BYTES = 512

/** What is claimed of a content, in falling order of trust. */
export interface TypeClaims {
  /** Said by our own program; believed whatever the bytes look like. */
  contentType?: string | undefined
  /** Said by a client. */
  declaredType?: string | undefined
  /** Its extension is a claim too. */
  filename: string
}

/**
 * The type of a content: what our program says, else what the first bytes are, else what the client or the
 * extension claims. A claim to be an image, a video or another type that has a signature is not believed where the
 * signature is missing, so a page named `photo.jpg` never becomes `image/jpeg`.
 */
export function detectContentType(
  head: Uint8Array,
  { contentType, declaredType, filename }: TypeClaims,
): string {
  if (contentType !== undefined) return contentType
  const signatures = filetypeinfo(head.subarray(0, HEAD_BYTES))
  const extension = extname(filename).toLowerCase()
  // Most bytes that have no signature come without a claim but their name.
  if (signatures.length === 0 && declaredType === undefined) {
    const named: unknown = lookup(extension)
    return typeof named === 'string' && believed(named) ? named : UNKNOWN_TYPE
  }
  const found = signatures.flatMap(({ mime }) => essence(mime))
  const named = signatures.find((signature) => `.${signature.extension ?? ''}` === extension)
  const claims = [declaredType, lookup(extension), named?.mime].flatMap(essence)

  const [first] = found
  // Two or three letters at the start of a text are no proof of anything.
  if (first !== undefined && WEAK.has(first) && claims.some(isText) && isPrintable(head))
    return claims.find(isText) ?? first
  if (first !== undefined) return claims.find((claim) => agrees(claim, found)) ?? first
  return claims.find(believed) ?? UNKNOWN_TYPE
}

/** True for what bytes without a signature can be. */
function believed(claim: string): boolean {
  return claim !== UNKNOWN_TYPE && !hasSignature(claim)
}

/** The type without its parameters, in lower case. Whatever is no type is no claim: a client can send anything. */
function essence(claim: unknown): string[] {
  const type = typeof claim === 'string' ? (claim.split(';', 1)[0] ?? '').trim().toLowerCase() : ''
  return /^[\w!#$&^.+-]{1,127}\/[\w!#$&^.+-]{1,127}$/.test(type) ? [type] : []
}

/** Types whose signature is two or three letters: `BM`, `ID3`. */
const WEAK = new Set(['image/bmp', 'audio/mpeg'])

function isText(type: string): boolean {
  return type.startsWith('text/')
}

function isPrintable(head: Uint8Array): boolean {
  return head.subarray(0, HEAD_BYTES).every((byte) => byte >= 32 || (byte >= 9 && byte <= 13))
}

/** Containers have the signature of a family; the claim then says which of the family. */
const FAMILIES: [of: string, members: RegExp][] = [
  ['application/zip', /^application\/(.+\+zip|zip|vnd\..+|java-archive)$/],
  // What begins with a byte order mark is text of some kind.
  ['text/plain', /^(text\/.+|application\/(json|xml|.+\+(json|xml)))$/],
  ['application/xml', /^(text\/xml|.+\+xml)$/],
  ['application/json', /\+json$/],
  ['application/ogg', /^(audio|video)\/(ogg|opus)$/],
  ['video/x-matroska', /^(video|audio)\/(webm|x-matroska)$/],
]

function agrees(claim: string, found: readonly string[]): boolean {
  if (found.includes(claim)) return true
  if (FAMILIES.some(([family, members]) => found.includes(family) && members.test(claim))) return true
  return found.some((type) => plain(type) === plain(claim))
}

function plain(type: string): string {
  return type.replace('/x-', '/').replace(/\/heic$/, '/heif')
}

function hasSignature(type: string): boolean {
  return (
    (type.startsWith('image/') && type !== 'image/svg+xml') ||
    /^(application\/(pdf|zip|gzip)|video\/(mp4|webm|quicktime))$/.test(type)
  )
}
