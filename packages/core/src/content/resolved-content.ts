import type { Readable } from 'node:stream'

/** A content in the one form that the rest of core works with. */
export interface ResolvedContent {
  /** The name that the content itself carries, as it came. */
  readonly filename?: string | undefined
  /** The type that our own program says it has; believed. */
  readonly contentType?: string | undefined
  /** The type that a client says it has; believed only as far as the bytes agree. */
  readonly declaredType?: string | undefined
  /** Custom metadata that comes with a stored file. */
  readonly metadata?: Readonly<Record<string, string>> | undefined
  /** In bytes, where it is known beforehand. */
  readonly size?: number | undefined
  /** In bytes: a size that may have changed when the content is read, or that only a client has said. */
  readonly expectedSize?: (() => number | undefined | Promise<number | undefined>) | undefined
  /** The whole content, where it is in memory. */
  readonly bytes?: Uint8Array | undefined
  /** True where {@link ResolvedContent.open} can be called again. */
  readonly replayable: boolean
  /** The content as a stream. Throws `CONTENT_CONSUMED` where it has been read. */
  readonly open: (signal?: AbortSignal) => Readable | Promise<Readable>
  /** Gives up a stream that is not going to be opened, so that what it holds open is closed. */
  readonly release?: (() => void) | undefined
  /** Called when the stream has ended: throws where the parser had cut it short. */
  readonly checkComplete?: (() => void) | undefined
}

/** What a class of ours that can be stored says of itself. JSON has no symbols, so nothing that a request holds has it. */
export const CONTENT: unique symbol = Symbol('filedepot.content')

/** An object of ours that can be stored. */
export interface ContentHolder {
  /** Its content, not read yet. For filedepot itself. */
  [CONTENT](): ResolvedContent
}

export function isContentHolder(value: unknown): value is ContentHolder {
  return typeof (value as Partial<ContentHolder> | null | undefined)?.[CONTENT] === 'function'
}
