import { AbortedError, FileTooLargeError } from '../errors.ts'
import { cleanFilename } from './filename.ts'
import type { FileValidator } from './file-validator.ts'
import { CONTENT, type ResolvedContent } from './resolved-content.ts'
import { Source } from './source.ts'
import { spoolSource } from './spool-source.ts'
import { SpooledFile } from './spooled-file.ts'

/** Up to this many bytes a stream is collected and stored whole: a small file costs more as a stream. */
const WHOLE_BYTES = 64 * 1024

/** What a content has to keep to. */
export interface ContentRules {
  /** In bytes. @default Infinity */
  maxSize?: number | undefined
  validators?: readonly FileValidator[] | undefined
  signal?: AbortSignal | undefined
}

/** Options of {@link inspectContent}. */
export interface InspectOptions extends ContentRules {
  filename?: string | undefined
  contentType?: string | undefined
}

/** Looks at the first bytes of a content, and holds it against the rules. */
export async function inspectContent(
  content: ResolvedContent,
  options: InspectOptions,
): Promise<InspectedContent> {
  const { maxSize = Infinity, signal } = options
  const filename = cleanFilename(options.filename ?? content.filename)
  if (signal?.aborted) {
    content.release?.()
    throw new AbortedError(`Storing "${filename}"`, { cause: signal.reason })
  }
  if (content.size !== undefined && content.size > maxSize) throw new FileTooLargeError(filename, maxSize)

  const source = content.bytes ? undefined : await Source.open(content, filename, signal)
  let inspected: InspectedContent | undefined
  try {
    const head = (await source?.peek(Math.min(WHOLE_BYTES, maxSize))) ?? content.bytes ?? new Uint8Array()
    if (head.byteLength > maxSize) throw new FileTooLargeError(filename, maxSize)
    const whole = source?.ended !== false

    const known = describeHead(loaded ?? (await loadContentTypes()), head, content, { ...options, filename })
    const size = whole ? head.byteLength : content.size
    const file = (inspected = new InspectedContent(known, whole ? head : source, { maxSize, signal }))
    if (options.validators?.length) {
      const toValidate = { ...known, size, spool: () => file.spool() }
      for (const validate of options.validators) await validate(toValidate)
    }
    return inspected
  } catch (error) {
    source?.destroy()
    await inspected?.release()
    throw error
  }
}

type Known = Pick<InspectedContent, 'filename' | 'contentType' | 'declaredType'>

function describeHead(
  { detectContentType }: ContentTypes,
  head: Uint8Array,
  { contentType, declaredType }: ResolvedContent,
  options: { filename: string; contentType?: string | undefined },
): Known {
  const { filename } = options
  const claims = { contentType: options.contentType ?? contentType, declaredType, filename }
  return { filename, contentType: detectContentType(head, claims), declaredType }
}

/** A content that was begun to be read: in memory, or a source that has the rest. */
export class InspectedContent {
  readonly filename: string
  readonly contentType: string
  readonly declaredType: string | undefined
  readonly #limits: { maxSize: number; signal: AbortSignal | undefined }
  readonly #read: Uint8Array | Source
  #spooled: Promise<SpooledFile> | undefined

  constructor(
    { filename, contentType, declaredType }: Known,
    read: Uint8Array | Source,
    limits: { maxSize: number; signal: AbortSignal | undefined },
  ) {
    this.filename = filename
    this.contentType = contentType
    this.declaredType = declaredType
    this.#read = read
    this.#limits = limits
  }

  /** All bytes, or a source of them from the start. Not a promise for each file, as few are spooled. */
  open(): Uint8Array | Source | Promise<Uint8Array | Source> {
    return this.#spooled ? this.#openSpooled(this.#spooled) : this.#read
  }

  /** The whole content at hand. It stays there until it is disposed of, or this is released. */
  spool(): Promise<SpooledFile> {
    return (this.#spooled ??= this.#spool())
  }

  /** Gives up what was not read of the content, and what was spooled. */
  async release(): Promise<void> {
    if (this.#read instanceof Source) this.#read.destroy()
    const spooled = await this.#spooled?.catch(() => undefined)
    await spooled?.[Symbol.asyncDispose]()
  }

  async #openSpooled(spooling: Promise<SpooledFile>): Promise<Uint8Array | Source> {
    const spooled = await spooling
    const { place } = spooled
    if (typeof place !== 'string') return place
    return await Source.open(spooled[CONTENT](), this.filename, this.#limits.signal)
  }

  async #spool(): Promise<SpooledFile> {
    const { filename, contentType, declaredType } = this
    const read = this.#read
    const { place, size } =
      read instanceof Source
        ? await spoolSource(read, { filename, maxSize: this.#limits.maxSize })
        : { place: read, size: read.byteLength }
    return new SpooledFile({ filename, contentType, declaredType, size, place })
  }
}

type ContentTypes = typeof import('./content-type.ts')

let loaded: ContentTypes | undefined
let loading: Promise<ContentTypes> | undefined

/**
 * Loads what tells the types of contents: with the first upload, as its tables are half of what importing this package
 * would cost. Kept, as Node looks for a module anew in each `import()`.
 */
function loadContentTypes(): Promise<ContentTypes> {
  return (loading ??= import('./content-type.ts').then((types) => (loaded = types)))
}
