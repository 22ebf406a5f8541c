import { loopShare } from '../../loop-share.ts'

/** In milliseconds: a call that takes longer is a slow one. */
const SLOW_MS = 1
/** Two slow calls among so many say that the disk is slow. One is said by any machine that has much to do. */
const CALLS = 16
/** So many good trips say that the disk is quick again; each slow one takes some of them back. */
const GOOD_TRIPS = 64
const LOST_TRIPS = 16
/** So many trips that are on their way at once take no longer each, as the pool has as many threads. */
const THREADS = 4
/** In milliseconds: how long a slow disk is left to the thread pool at least. It doubles each time. */
const FIRST_REST_MS = 1000
const LONGEST_REST_MS = 60_000

/**
 * Finds out how quick a disk is by its own answers. On a quick one a call takes some microseconds on the calling thread, and
 * a trip to libuv's thread pool ten times that. On a slow one a call would hold up the whole process.
 */
export class DiskPace {
  readonly #isKnownSlow: boolean
  #isSlow = false
  /** The calls since the last slow one. */
  #callsSinceSlow = Infinity
  /** The turn of the event loop in which a call was slow. */
  #slowTurn: number | undefined
  #underWay = 0
  #goodTrips = 0
  #slowSince = -Infinity
  #rest = FIRST_REST_MS / 2

  /** @param isKnownSlow true if nothing is to be called on the calling thread, however quick the answers are */
  constructor(isKnownSlow = false) {
    this.#isKnownSlow = isKnownSlow
  }

  /** True if the disk may be called on the calling thread now. After a slow call that is so in the next turn at the earliest. */
  get isQuick(): boolean {
    return !this.#isKnownSlow && !this.#isSlow && this.#slowTurn !== loopShare.turn
  }

  /** A call on the calling thread took so many milliseconds. */
  called(time: number): void {
    if (time < SLOW_MS) {
      this.#callsSinceSlow++
      return
    }
    this.#slowTurn = loopShare.turn
    if (this.#callsSinceSlow < CALLS - 1) this.#slowDown()
    else this.#callsSinceSlow = 0
  }

  /** A trip to the thread pool begins. Returns what tells that it is over. */
  trip(): () => void {
    const start = performance.now()
    this.#underWay++
    return () => {
      const slow = SLOW_MS * Math.max(1, this.#underWay / THREADS)
      this.#underWay--
      const now = performance.now()
      if (now - start < slow) this.#goodTrips++
      else this.#goodTrips = Math.max(0, this.#goodTrips - LOST_TRIPS)
      if (this.#isSlow && this.#goodTrips >= GOOD_TRIPS && now - this.#slowSince >= this.#rest)
        this.#speedUp()
    }
  }

  #slowDown(): void {
    const now = performance.now()
    const hasRecovered = now - this.#slowSince > LONGEST_REST_MS + this.#rest
    this.#rest = hasRecovered ? FIRST_REST_MS : Math.min(LONGEST_REST_MS, this.#rest * 2)
    this.#isSlow = true
    this.#slowSince = now
    this.#goodTrips = 0
  }

  #speedUp(): void {
    this.#isSlow = false
    this.#callsSinceSlow = Infinity
  }
}
