import { filetypeinfo } from 'magic-bytes.js'
import { lookup } from 'mrmime'

/** The type of bytes of which nothing is known. */
export const UNKNOWN_TYPE = 'application/octet-stream'

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
  const claims = [declaredType, lookup(filename)].filter((type) => type !== undefined).map(essence)
  const found = filetypeinfo(head.subarray(0, HEAD_BYTES)).flatMap(({ mime }) => mime ?? [])
  const [first] = found
  if (first !== undefined) return claims.find((claim) => agrees(claim, found)) ?? first
  return claims.find((claim) => claim !== UNKNOWN_TYPE && !hasSignature(claim)) ?? UNKNOWN_TYPE
}

/** The type without its parameters, in lower case. */
function essence(type: string): string {
  return (type.split(';', 1)[0] ?? '').trim().toLowerCase()
}

/** A container such as ZIP or Matroska has the signature of a family; the claim then says which of the family. */
function agrees(claim: string, found: readonly string[]): boolean {
  if (found.includes(claim)) return true
  if (found.includes('application/zip'))
    return /^application\/(.+\+zip|zip|vnd\..+|java-archive)$/.test(claim)
  if (found.includes('video/x-matroska')) return /^(video|audio)\/(webm|x-matroska)$/.test(claim)
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
