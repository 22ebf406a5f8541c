import type { StoredFile } from '@filedepot/core'
import { cleanFilename, dispositionOf, mediaTypeOf } from '@filedepot/core/backend'
import { create } from 'content-disposition'
import { LRUCache } from 'lru-cache'
import { transliterate } from 'transliteration'

/**
 * Types that another page of the same origin could load as its script or style, although they are attachments: what
 * such a page allows itself is often "everything of my own origin".
 */
const LOADABLE = /^(text|application)\/((x-)?(java|ecma|j|live)script[\d.]*|css|wasm)$/

const POLICY = "default-src 'none'; img-src 'self'; style-src 'unsafe-inline'; sandbox"
/** A browser that opens a video makes a page with a player, which loads the video once more: not from a sandbox. */
const MEDIA_POLICY = "default-src 'none'; media-src 'self'; style-src 'unsafe-inline'"

const UNKNOWN = 'application/octet-stream'
/** With parameters, and without a comma: of a list of types, browsers take the last. */
const WHOLE_TYPE = /^[\w!#$&^.+-]+\/[\w!#$&^.+-]+( *; *[\w-]+=("[\w .:+-]*"|[\w.:+-]+))+$/

/** How many names are remembered with their headers, of less than a kilobyte each: making these takes microseconds. */
const REMEMBERED = 1000

/** How a file is shown. */
export type Disposition = 'inline' | 'attachment'

/** How a file is displayed: its type, name and disposition. */
interface Shown {
  readonly wish: Disposition | undefined
  /** The name to save it under. @default that of the file */
  readonly filename: string | undefined
}

/** What is said of a file with a name and a type, as values of headers. */
interface Description {
  readonly disposition: string
  readonly policy: string
  readonly type: string
}

/** The headers that say what a file is and what a browser may do with it. */
export class ContentHeaders {
  readonly #types: readonly string[]
  readonly #policy: string | undefined
  readonly #remembered = new LRUCache<string, Description>({ max: REMEMBERED })

  constructor(inlineTypes: readonly string[], policy: string | undefined) {
    this.#types = inlineTypes
    this.#policy = policy
  }

  /** A wish to see a file in the window is granted for harmless types only. */
  dispositionOf({ contentType }: StoredFile, wish: Disposition | undefined): Disposition {
    return wish === 'attachment' ? 'attachment' : dispositionOf(contentType, this.#types)
  }

  addTo(headers: Record<string, string>, file: StoredFile, shown: Shown): void {
    const { disposition, policy, type } = this.#described(file, shown)
    headers['Content-Disposition'] = disposition
    headers['Content-Security-Policy'] = policy
    headers['Content-Type'] = type
    headers['X-Content-Type-Options'] = 'nosniff'
  }

  dispositionHeader(file: StoredFile, shown: Shown): string {
    return this.#described(file, shown).disposition
  }

  #described(file: StoredFile, { wish, filename = file.filename }: Shown): Description {
    const { contentType } = file
    // With the length, because a foreign storage may have any text as a type or a name.
    const key = `${wish ?? ''} ${contentType.length} ${contentType} ${filename}`
    const remembered = this.#remembered.get(key)
    if (remembered) return remembered
    const description = {
      disposition: formatDisposition(filename, this.dispositionOf(file, wish)),
      policy: this.#policy ?? (isMedia(contentType) ? MEDIA_POLICY : POLICY),
      type: servedType(contentType),
    }
    this.#remembered.set(key, description)
    return description
  }
}

function formatDisposition(filename: string, type: Disposition): string {
  // Other programs write into storages, too, so the name is cleaned once more.
  const name = cleanFilename(filename)
  return create(name, { type, fallback: fallbackOf(name) })
}

/** For clients that know nothing but ASCII, in which a clean name may be nothing, or two dots. */
function fallbackOf(name: string): string {
  return cleanFilename(transliterate(name).replace(/[^ -~]|[\\/:*?"<>|]/gu, '_'))
}

/** What no browser takes for a page, as it is told not to guess. */
function isMedia(contentType: string): boolean {
  return /^(audio|video)\//.test(mediaTypeOf(contentType))
}

function servedType(contentType: string): string {
  const type = mediaTypeOf(contentType)
  if (LOADABLE.test(type)) return UNKNOWN
  if (contentType.includes(';') && WHOLE_TYPE.test(contentType)) return contentType
  return type
}
