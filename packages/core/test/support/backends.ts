import type { DeleteReport, FileBody, FileInfo } from '../../src/backend.ts'
import { MemoryBackend } from '../../src/backends/memory-backend.ts'

type WriteOptions = Parameters<MemoryBackend['write']>[3]

/** A backend whose methods can be made to fail. */
export class BrokenBackend extends MemoryBackend {
  /** What the next writes reject with, after the first chunk of a stream. */
  writeError: Error | undefined
  statError: Error | undefined
  deleteError: Error | undefined
  readonly undeletable = new Set<string>()

  override async write(id: string, body: FileBody, info: FileInfo, options: WriteOptions): Promise<void> {
    if (this.writeError === undefined) {
      await super.write(id, body, info, options)
      return
    }
    if (!(body instanceof Uint8Array)) await body[Symbol.asyncIterator]().next()
    throw this.writeError
  }

  override async stat(id: string): ReturnType<MemoryBackend['stat']> {
    if (this.statError !== undefined) throw this.statError
    return await super.stat(id)
  }

  override async delete(ids: readonly string[]): Promise<DeleteReport> {
    if (this.deleteError !== undefined) throw this.deleteError
    const kept = ids.filter((id) => this.undeletable.has(id))
    await super.delete(ids.filter((id) => !kept.includes(id)))
    return { failed: kept.map((id) => ({ id, error: new Error(`${id} is locked`) })) }
  }
}

/** A backend whose writes wait until they are let go. */
export class GatedBackend extends MemoryBackend {
  /** How many writes have begun. */
  begun = 0
  /** How many writes are waiting, and how many waited at the same time at most. */
  waiting = 0
  mostWaiting = 0
  #open: (() => void) | undefined
  readonly #gate = new Promise<void>((resolve) => {
    this.#open = resolve
  })

  open(): void {
    this.#open?.()
  }

  override async write(id: string, body: FileBody, info: FileInfo, options: WriteOptions): Promise<void> {
    this.begun++
    this.mostWaiting = Math.max(this.mostWaiting, ++this.waiting)
    await this.#gate
    this.waiting--
    await super.write(id, body, info, options)
  }
}

/** A {@link GatedBackend} to which an abort means nothing. */
export class StubbornBackend extends GatedBackend {
  override async write(id: string, body: FileBody, info: FileInfo): Promise<void> {
    await super.write(id, body, info, {})
  }
}
