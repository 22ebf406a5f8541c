import { createReadStream } from 'node:fs'
import { stat } from 'node:fs/promises'
import type { Readable } from 'node:stream'
import { CONTENT, type ContentHolder, type ResolvedContent } from './resolved-content.ts'

/** A file of this machine as content. Made by `fromPath()` and for what an upload parser has saved, never from what a request holds. */
export class FileOnDisk implements ContentHolder {
  constructor(readonly path: string) {}

  /** In bytes, as it is now; `undefined` if the file cannot be looked at. */
  async size(): Promise<number | undefined> {
    return await stat(this.path).then(
      (stats) => (stats.isFile() ? stats.size : undefined),
      () => undefined,
    )
  }

  open(): Readable {
    return createReadStream(this.path, { highWaterMark: 512 * 1024 })
  }

  /** For filedepot itself. */
  [CONTENT](): ResolvedContent {
    return {
      filename: this.path,
      expectedSize: () => this.size(),
      replayable: true,
      open: () => this.open(),
    }
  }
}
