import { createReadStream } from 'node:fs'
import { Readable } from 'node:stream'
import { CONTENT, type ContentHolder, type ResolvedContent } from './resolved-content.ts'
import { removeSpoolFolder } from './spool-folder.ts'

/** What is known of a {@link SpooledFile}. */
export interface SpooledFileInfo {
  readonly filename: string
  readonly contentType: string
  readonly declaredType: string | undefined
  /** In bytes. */
  readonly size: number
  /** All bytes, or else the path of the temporary file that holds them: alone in a folder that only this user can enter. */
  readonly place: Uint8Array | string
}

/**
 * A content that has come in whole, before it is stored: in memory where it is small, else in a temporary file. It can
 * be read again, and is a content itself.
 */
export class SpooledFile implements SpooledFileInfo, ContentHolder, AsyncDisposable {
  declare readonly filename: string
  declare readonly contentType: string
  declare readonly declaredType: string | undefined
  declare readonly size: number
  declare readonly place: Uint8Array | string

  /** Made by {@link spool}. */
  constructor(info: SpooledFileInfo) {
    Object.assign(this, info)
  }

  /** The bytes as a stream, from the start each time. */
  open(): Readable {
    const { place } = this
    return typeof place === 'string'
      ? createReadStream(place, { highWaterMark: 512 * 1024 })
      : Readable.from([place])
  }

  /** For filedepot itself. */
  [CONTENT](): ResolvedContent {
    const { filename, contentType, declaredType, size, place } = this
    const known = { filename, contentType, declaredType, size, replayable: true, open: () => this.open() }
    return typeof place === 'string' ? known : { ...known, bytes: place }
  }

  /** Removes the temporary file and its folder. */
  async [Symbol.asyncDispose](): Promise<void> {
    if (typeof this.place === 'string') await removeSpoolFolder(this.place)
  }
}
