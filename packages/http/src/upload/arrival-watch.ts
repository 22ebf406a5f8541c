import { FiledepotError } from '@filedepot/core'
import { checkWholeNumber } from '@filedepot/core/backend'
import type { Readable } from 'node:stream'

/** How long a client may take. */
export interface ArrivalTimeouts {
  /**
   * How long a client may send nothing, in milliseconds from 1 up. The time in which a storage takes what has come does not
   * count. `Infinity` waits for ever. @default 30000, half a minute
   */
  idleTimeout?: number | undefined
  /** How long the whole request may take to arrive, in milliseconds from 1 up. @default 900000, a quarter of an hour */
  totalTimeout?: number | undefined
}

/** {@link ArrivalTimeouts}, complete. */
export interface Timeouts {
  readonly idleTimeout: number
  readonly totalTimeout: number
}

/** How often the client is looked after within its `idleTimeout`. */
const LOOKS = 4
/** Of Node's timers, in milliseconds. */
const MAX_TIMEOUT = 2 ** 31 - 1

/** @throws FiledepotError `INVALID_ARGUMENT` */
export function checkTimeouts({ idleTimeout = 30_000, totalTimeout = 900_000 }: ArrivalTimeouts): Timeouts {
  checkWholeNumber('idleTimeout', idleTimeout, 1)
  checkWholeNumber('totalTimeout', totalTimeout, 1)
  return { idleTimeout, totalTimeout }
}

/** Watches a request that is piped into a parser, until it has arrived. */
export class ArrivalWatch {
  readonly #source: Readable
  readonly #timers: NodeJS.Timeout[] = []
  #hasCome = false
  #quiet = 0

  constructor(
    source: Readable,
    { idleTimeout, totalTimeout }: Timeouts,
    fail: (error: FiledepotError) => void,
  ) {
    this.#source = source
    const give = (what: string) => {
      this.stop()
      fail(new FiledepotError('UPLOAD_TIMED_OUT', what))
    }
    if (idleTimeout <= MAX_TIMEOUT) {
      const look = () => {
        // Held back, it cannot send: the storage is slow, and not the client.
        const isQuiet = !this.#hasCome && source.readableFlowing !== false
        this.#hasCome = false
        this.#quiet = isQuiet ? this.#quiet + 1 : 0
        if (this.#quiet >= LOOKS) give(`the client has sent nothing for ${idleTimeout} ms (idleTimeout)`)
      }
      this.#timers.push(setInterval(look, Math.ceil(idleTimeout / LOOKS)))
    }
    if (totalTimeout <= MAX_TIMEOUT) {
      const late = () => {
        give(`the request has not arrived within ${totalTimeout} ms (totalTimeout)`)
      }
      this.#timers.push(setTimeout(late, totalTimeout))
    }
    source.on('data', this.#came).once('end', this.stop).once('close', this.stop)
  }

  readonly stop = (): void => {
    for (const timer of this.#timers) clearTimeout(timer)
    this.#source.off('data', this.#came).off('end', this.stop).off('close', this.stop)
  }

  readonly #came = (): void => {
    this.#hasCome = true
  }
}
