import { setTimeout } from 'node:timers/promises'

/** The clock that a {@link Pace} goes by. */
interface Clock {
  /** In milliseconds. */
  now(): number
  sleep(ms: number, signal: AbortSignal | undefined): Promise<unknown>
}

const CLOCK: Clock = {
  now: () => performance.now(),
  sleep: (ms, signal) => setTimeout(ms, undefined, signal && { signal }),
}

/** The longest that a timer takes. */
const LONGEST_SLEEP = 2 ** 31 - 1

/**
 * Keeps copies to so many bytes in a second, in the mean: after a file the next one waits until the time of its bytes is over. A
 * file itself is copied as fast as it can be. For integrations.
 *
 * ```ts
 * import type { StoredFile } from '@filedepot/core'
 * import { Pace } from '@filedepot/core/integration'
 *
 * async function send(files: AsyncIterable<StoredFile>): Promise<void> {
 *   const pace = new Pace(10_000_000)
 *   for await (const file of files) {
 *     await pace.wait()
 *     pace.count(file.size)
 *   }
 * }
 * ```
 */
export class Pace {
  readonly #bytesPerSecond: number
  readonly #clock: Clock
  #free = -Infinity

  constructor(bytesPerSecond = Infinity, clock: Clock = CLOCK) {
    this.#bytesPerSecond = bytesPerSecond
    this.#clock = clock
  }

  /** Resolves when the next file may begin; rejects as a timer does if the signal fires. */
  async wait(signal?: AbortSignal): Promise<void> {
    for (;;) {
      const ms = this.#free - this.#clock.now()
      if (ms <= 0) return
      await this.#clock.sleep(Math.min(ms, LONGEST_SLEEP), signal)
    }
  }

  /** These bytes were copied. */
  count(bytes: number): void {
    if (this.#bytesPerSecond === Infinity) return
    this.#free = Math.max(this.#free, this.#clock.now()) + (bytes / this.#bytesPerSecond) * 1000
  }
}
