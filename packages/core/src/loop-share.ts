import { AsyncResource } from 'node:async_hooks'

/** In milliseconds: how much of one turn of the event loop this package takes, as far as it can. */
const SHARE_MS = 1

/** Kept from the start, so that the fake timers of a test do not stop waiting work. */
const { setImmediate } = globalThis

/** Work that waits for a turn of its own. */
type Waiting = () => void

/**
 * The share of the event loop that this package takes: what runs on the calling thread (hashes, calls for small files)
 * ends after a millisecond, and the rest waits for the next turn of the loop. So many saves at once do not block other work.
 */
export class LoopShare {
  /** A number for the turn of the loop, to check whether it is still the same turn. */
  turn = 0
  #isTurn = false
  #isInside = false
  #began = 0
  #waiting: Waiting[] = []

  /**
   * Runs an action: at once if there is time left in this turn, else in a later one, in the order of the calls and in the
   * asynchronous context of this one. What an action runs by this in turn is a part of it, and never waits.
   */
  run<T>(action: () => T | Promise<T>): T | Promise<T> {
    if (this.#isInside) return action()
    if (!this.#isTurn) this.#begin()
    else if (this.#waiting.length > 0 || this.#isOver()) return this.#wait(action)
    return this.#inside(action)
  }

  #isOver(): boolean {
    return performance.now() - this.#began >= SHARE_MS
  }

  #begin(): void {
    this.turn++
    this.#isTurn = true
    this.#began = performance.now()
    setImmediate(this.#next)
  }

  #inside<T>(action: () => T): T {
    this.#isInside = true
    try {
      return action()
    } finally {
      this.#isInside = false
    }
  }

  #wait<T>(action: () => T | Promise<T>): Promise<T> {
    // Waiting work starts from a foreign call. Not `AsyncResource.bind`, which is much slower on Node 20.
    const resource = new AsyncResource('filedepot.loop-share')
    return new Promise((resolve) => {
      this.#waiting.push(() => {
        // What is thrown in here arrives as a rejection.
        resolve(
          new Promise((settle) => {
            settle(resource.runInAsyncScope(() => this.#inside(action)))
          }),
        )
      })
    })
  }

  readonly #next = (): void => {
    this.#isTurn = false
    if (this.#waiting.length === 0) return
    this.#begin()
    let done = 0
    while (done < this.#waiting.length && (done === 0 || !this.#isOver())) this.#waiting[done++]?.()
    this.#waiting.splice(0, done)
  }
}

/** That of this process: there is one event loop, whatever storages there are. */
export const loopShare = new LoopShare()
