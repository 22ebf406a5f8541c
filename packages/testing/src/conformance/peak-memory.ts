import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'

/** Tells how far the memory of this process grew since it was made, by the samples that were taken. */
export class PeakMemory {
  readonly #gc = collector()
  readonly #before: number
  #peak = 0

  constructor() {
    this.#before = this.#used()
  }

  /** In bytes. */
  get growth(): number {
    return this.#peak - this.#before
  }

  sample(): void {
    this.#peak = Math.max(this.#peak, this.#used())
  }

  /** What lives, on the heap and in buffers. The resident set of a process says less: it keeps what was freed. */
  #used(): number {
    this.#gc()
    const { heapUsed, external } = process.memoryUsage()
    return heapUsed + external
  }
}

/** Without a collection before each sample, it would mostly measure when V8 collects by itself. */
function collector(): () => void {
  setFlagsFromString('--expose-gc')
  return runInNewContext('gc') as () => void
}
