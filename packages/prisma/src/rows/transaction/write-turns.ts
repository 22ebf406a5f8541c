import { TurnsOnOneConnection } from '@filedepot/core/integration'

/** What a write is told of the others of its transaction. */
export interface Overlap {
  /** True if an extension has made another write within it: then what was seen before may not be what was changed. */
  readonly isThere: boolean
}

interface RunningWrite extends Overlap {
  isThere: boolean
  readonly looksAtRows: boolean
  readonly ended: Promise<unknown>
}

/**
 * The writes of a transaction that are past their uploads. They come one after the other: MySQL and MariaDB end a
 * transaction at once where one of them gets into a deadlock, and whatever another had still to send would commit itself.
 */
export class WriteTurns {
  readonly #turns: TurnsOnOneConnection
  readonly #running = new Set<RunningWrite>()

  /** @param timeout how long a write waits for another one to end, in milliseconds; then it fails with `TURN_TIMEOUT` */
  constructor(timeout: number) {
    this.#turns = new TurnsOnOneConnection(undefined, {
      timeout,
      what: 'another write of the same transaction',
      setting: 'timeout',
    })
  }

  /** @param looksAtRows whether the write changes rows that are there, and has read them before */
  async run<T>(looksAtRows: boolean, write: (overlap: Overlap) => Promise<T>): Promise<T> {
    return await this.#turns.run(() => this.#run(looksAtRows, write), true)
  }

  /** True while a write is in progress, another than this. */
  isBusy(except?: Overlap): boolean {
    return [...this.#running].some((one) => one !== except)
  }

  /** Waits for the writes that are in progress. */
  async settled(): Promise<void> {
    while (this.#running.size > 0) await Promise.allSettled([...this.#running].map(({ ended }) => ended))
  }

  async #run<T>(looksAtRows: boolean, write: (overlap: Overlap) => Promise<T>): Promise<T> {
    let end: () => void = () => undefined
    const ended = new Promise<void>((resolve) => (end = resolve))
    const own: RunningWrite = { looksAtRows, isThere: false, ended }
    for (const other of this.#running) {
      if (!looksAtRows && !other.looksAtRows) continue
      other.isThere = true
      own.isThere = true
    }
    this.#running.add(own)
    try {
      return await write(own)
    } finally {
      this.#running.delete(own)
      end()
    }
  }
}
