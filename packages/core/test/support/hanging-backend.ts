import type { DeleteReport } from '../../src/backend.ts'
import { MemoryBackend } from '../../src/backends/memory-backend.ts'

/** A backend whose deletions do not end until they are let go. */
export class HangingBackend extends MemoryBackend {
  /** The ids of each request that has come, in their order. */
  readonly requests: (readonly string[])[] = []
  /** How many requests hang now, and how many hung at the same time at most. */
  hanging = 0
  mostHanging = 0
  #isOpen = false
  #waiting: (() => void)[] = []

  /** Lets the deletions go that hang, and those that come. */
  open(): void {
    this.#isOpen = true
    for (const resolve of this.#waiting.splice(0)) resolve()
  }

  override async delete(ids: readonly string[]): Promise<DeleteReport> {
    this.requests.push(ids)
    if (!this.#isOpen) {
      this.mostHanging = Math.max(this.mostHanging, ++this.hanging)
      await new Promise<void>((resolve) => this.#waiting.push(resolve))
      this.hanging--
    }
    return await super.delete(ids)
  }
}
