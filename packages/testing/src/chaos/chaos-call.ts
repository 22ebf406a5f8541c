import { setTimeout as sleep } from 'node:timers/promises'
import type { Fault } from './chaos-rule.ts'

/** One call, with all that strikes it. */
export class ChaosCall {
  readonly #faults: readonly Fault[]
  readonly #defaultError: () => unknown
  readonly #hanging: Set<() => void>
  readonly error: () => unknown
  readonly tearAfter: number | undefined
  readonly failIds: (id: string) => boolean

  constructor(faults: readonly Fault[], defaultError: () => unknown, hanging: Set<() => void>) {
    this.#faults = faults
    this.#defaultError = defaultError
    this.#hanging = hanging
    const partial = faults.find(({ tearAfter, failIds }) => tearAfter !== undefined || failIds !== undefined)
    this.error = partial?.error ?? defaultError
    this.tearAfter = partial?.tearAfter
    this.failIds = partial?.failIds ?? (() => false)
  }

  async before(signal?: AbortSignal): Promise<void> {
    for (const { delayMs } of this.#faults) {
      if (delayMs !== undefined) await sleep(delayMs, undefined, { ...(signal && { signal }) })
    }
    if (this.#faults.some(({ hangs }) => hangs)) await this.#hang(signal)
    this.#throwAt('before')
  }

  after(): void {
    this.#throwAt('after')
  }

  #throwAt(stage: 'before' | 'after'): void {
    const fault = this.#faults.find(({ failStage }) => failStage === stage)
    if (fault) throw (fault.error ?? this.#defaultError)()
  }

  async #hang(signal?: AbortSignal): Promise<void> {
    signal?.throwIfAborted()
    await new Promise<void>((resolve) => {
      const goOn = (): void => {
        this.#hanging.delete(goOn)
        signal?.removeEventListener('abort', goOn)
        resolve()
      }
      this.#hanging.add(goOn)
      signal?.addEventListener('abort', goOn)
    })
    signal?.throwIfAborted()
  }
}
