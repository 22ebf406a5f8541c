import { Head } from './types/head.ts'
import { findSignature, isProvable } from './types/signatures.ts'
import { readText, type TextHead } from './types/text-head.ts'
import { canBe, isTextType, typeOfText } from './types/text-type.ts'
import { typeByName } from './types/type-by-name.ts'
import { presentName } from './types/type-names.ts'

/** The type of unknown bytes. */
const UNKNOWN_TYPE = 'application/octet-stream'

/** How many bytes from the start are looked at. */
const HEAD_BYTES = 64 * 1024

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
 * The type of a content: what our program says, else what the first bytes are, else what the client or the extension
 * claims. First the bytes are a text or something binary. What kind of text is a matter of claims; what kind of binary
 * file is one of signatures, and a claim only decides what they leave open. So a page named `photo.jpg` never becomes
 * `image/jpeg`, and a text that begins like a film stays a text.
 */
export function detectContentType(
  bytes: Uint8Array,
  { contentType, declaredType, filename }: TypeClaims,
): string {
  if (contentType !== undefined) return contentType
  const head = new Head(bytes.subarray(0, HEAD_BYTES))
  const claims = [declaredType, typeByName(filename)].flatMap(essence)
  const text = head.length === 0 ? { text: '', certain: false } : readText(head.bytes)
  const type = text && textType(text, claims)
  return type ?? (head.length === 0 ? undefined : binaryType(head, claims)) ?? UNKNOWN_TYPE
}

/** The type of a text, or `undefined` if nothing but its bytes says that it is one, and they do not for certain. */
function textType(head: TextHead, claims: readonly string[]): string | undefined {
  const { text, certain } = head
  const claimed = claims.find((claim) => isTextType(claim) && canBe(claim, text))
  const shown = typeOfText(head)
  // What reads a PDF does so whatever it is called.
  if (shown === 'application/pdf') return shown
  const known = claimed ?? shown
  if (known !== undefined || !certain) return known
  return claims.find((claim) => !isTextType(claim) && !isProvable(claim)) ?? 'text/plain'
}

function binaryType(head: Head, claims: readonly string[]): string | undefined {
  const found = findSignature(head)
  if (found) return claims.find((claim) => found.allows?.(claim)) ?? found.type
  return claims.find((claim) => !isTextType(claim) && !isProvable(claim))
}

/** The type without its parameters, in lower case. Whatever is no type is no claim: a client can send anything. */
function essence(claim: string | undefined): string[] {
  const type = (claim?.split(';', 1)[0] ?? '').trim().toLowerCase()
  return type !== UNKNOWN_TYPE && /^[\w!#$&^.+-]{1,127}\/[\w!#$&^.+-]{1,127}$/.test(type)
    ? [presentName(type)]
    : []
}
