import { AsyncLocalStorage } from 'node:async_hooks'
import { FiledepotError } from '../errors.ts'

/** Lets what needs a connection for itself, as a transaction does, wait until it is free. */
export interface Turns {
  /** True if there are turns, and the call does not come from within the one that is going on. */
  readonly isOutside: boolean
  /** True if there are turns, and none is going on. */
  readonly isFree: boolean
  /**
   * Runs an action when its turn has come; at once where it is called from within the turn that is going on.
   *
   * @param entered whether code of the program runs within the action, anywhere, and could ask for a turn
   * @throws FiledepotError `TURN_TIMEOUT` if it waits too long for one turn to end
   */
  run<T>(action: () => Promise<T>, entered: boolean): Promise<T>
  /** Runs the part of an action in which code of the program runs, as that of a storage. */
  enter<T>(action: () => Promise<T>): Promise<T>
  /**
   * Waits for something for which no turn is needed, such as the deletion of files after a commit. If a turn is going on,
   * its caller waits when the turn is over, and others have theirs meanwhile; this then returns `undefined`. Else it
   * returns the promise, which is to be waited for now. The promise must not reject.
   */
  afterwards(settling: Promise<void>): Promise<void> | undefined
}

/** If every transaction has a connection of its own. */
export const NO_TURNS: Turns = {
  isOutside: false,
  isFree: false,
  run: (action) => action(),
  enter: (action) => action(),
  afterwards: (settling) => settling,
}

/** Options of {@link TurnsOnOneConnection}. */
export interface TurnsOptions {
  /**
   * How long an action waits for one turn to end, in milliseconds; a queue of many short turns may take longer. After that
   * it is refused with `TURN_TIMEOUT`: the turn may be waiting for the action. @default Infinity
   */
  readonly timeout?: number
  /** What the turns share, for the message of that error. @default 'the connection' */
  readonly what?: string
  /** What the program sets to wait longer, for the message. @default 'turnTimeout' */
  readonly setting?: string
  /** True while the turn does something that may take long, such as an upload. Its time begins anew then. @default never */
  readonly isBusy?: () => boolean
}

interface Turn {
  running: boolean
  /** When its time began. */
  since: number
  /** What its caller waits for when it is over. */
  afterwards: Promise<unknown> | undefined
}

interface Waiting {
  readonly begin: () => void
  readonly refuse: (error: FiledepotError) => void
  /** When it was asked for. */
  readonly since: number
}

/**
 * For a single connection: runs one action at a time, in the order of the calls.
 *
 * To tell a call from within a turn from one beside it costs every promise of the process something while it is
 * switched on. So that happens only where code of the program runs in a turn, and until nobody is at work.
 */
export class TurnsOnOneConnection implements Turns {
  readonly #inside = new AsyncLocalStorage<Turn>()
  readonly #atEnd: () => Promise<void> | undefined
  /** Those who wait for their turn, in the order of their calls. */
  readonly #waiting: Waiting[] = []
  readonly #timeout: number
  readonly #what: string
  readonly #setting: string
  readonly #isBusy: () => boolean
  /** Runs while an action waits, and at times a little longer. */
  #timer: NodeJS.Timeout | undefined
  /** How many have been asked for and have not ended. */
  #count = 0
  #current: Turn | undefined
  #entered = false

  /** @param atEnd runs as the last part of every turn */
  constructor(
    atEnd: () => Promise<void> | undefined = () => undefined,
    {
      timeout = Infinity,
      what = 'the connection',
      setting = 'turnTimeout',
      isBusy = () => false,
    }: TurnsOptions = {},
  ) {
    this.#atEnd = atEnd
    this.#timeout = timeout
    this.#what = what
    this.#setting = setting
    this.#isBusy = isBusy
  }

  /** True for a call from within the turn that is going on, if that is {@link Turns.run | entered}. */
  get isInside(): boolean {
    return this.#inside.getStore()?.running === true
  }

  get isOutside(): boolean {
    return !this.isInside
  }

  get isFree(): boolean {
    return this.#count === 0
  }

  run<T>(action: () => Promise<T>, entered: boolean): Promise<T> {
    // A turn that has ended may live on in what it left running; that waits like everybody else.
    if (this.isInside) return action()
    if (this.#count++ === 0) return this.#run(action, entered)
    return this.#wait().then(() => this.#run(action, entered))
  }

  enter<T>(action: () => Promise<T>): Promise<T> {
    if (!this.#current) return action()
    this.#entered = true
    return this.#inside.run(this.#current, action)
  }

  afterwards(settling: Promise<void>): Promise<void> | undefined {
    const turn = this.#current
    if (!turn) return settling
    turn.afterwards = turn.afterwards ? Promise.all([turn.afterwards, settling]) : settling
    return undefined
  }

  /** Two handlers, which V8 runs in less time than an `async` function with a `finally`: every save comes by here. */
  #run<T>(action: () => Promise<T>, entered: boolean): Promise<T> {
    const turn: Turn = (this.#current = { running: true, since: performance.now(), afterwards: undefined })
    return begin(entered ? () => this.enter(action) : action).then(
      (value) => {
        const ending = this.#end(turn)
        return ending ? ending.then(() => value) : value
      },
      (error: unknown) => {
        const ending = this.#end(turn)
        if (!ending) throw error
        return ending.then(() => {
          throw error
        })
      },
    )
  }

  /** Ends the turn, and returns what its caller has to wait for still. */
  #end(turn: Turn): Promise<unknown> | undefined {
    const over = () => {
      turn.running = false
      this.#current = undefined
      this.#count--
      if (this.#count === 0) this.#rest()
      else this.#beginNext()
    }
    const ending = this.#atEnd()
    if (ending) return ending.finally(over).then(() => turn.afterwards)
    over()
    return turn.afterwards
  }

  #wait(): Promise<void> {
    return new Promise((begin, refuse) => {
      this.#waiting.push({ begin, refuse, since: performance.now() })
      if (this.#timer) this.#timer.ref()
      else this.#watch(this.#timeout)
    })
  }

  #beginNext(): void {
    this.#waiting.shift()?.begin()
    // One timer serves many who wait: to make one for each would cost more than their turns.
    if (this.#waiting.length === 0) this.#timer?.unref()
  }

  #watch(after: number): void {
    if (after !== Infinity)
      this.#timer = setTimeout(
        () => {
          this.#refuseLate()
        },
        Math.max(after, 1),
      )
  }

  /** Refuses those that have waited too long for the turn that is going on. */
  #refuseLate(): void {
    this.#timer = undefined
    const now = performance.now()
    const turn = this.#current
    if (turn && this.#isBusy()) turn.since = now
    let longest = 0
    for (const waiting of [...this.#waiting]) {
      const waited = now - Math.max(waiting.since, turn?.since ?? now)
      // Timers count whole milliseconds, and may be a part of one early.
      if (waited < this.#timeout - 1) {
        longest = Math.max(longest, waited)
        continue
      }
      this.#waiting.splice(this.#waiting.indexOf(waiting), 1)
      this.#count--
      waiting.refuse(turnTimeout(this.#what, this.#timeout, this.#setting))
    }
    if (this.#waiting.length > 0) this.#watch(this.#timeout - longest)
  }

  #rest(): void {
    if (!this.#entered) return
    this.#entered = false
    this.#inside.disable()
  }
}

function turnTimeout(what: string, timeout: number, setting: string): FiledepotError {
  return new FiledepotError(
    'TURN_TIMEOUT',
    `Waited ${Math.round(timeout)} ms for ${what}, which another write still holds. ` +
      'If that write waits for this one, use the manager of its transaction, or write after it ends. ' +
      `If it only takes long, raise \`${setting}\`.`,
  )
}

/** Also of an action that throws at once. */
function begin<T>(action: () => Promise<T>): Promise<T> {
  try {
    return action()
  } catch (error) {
    return new Promise(() => {
      throw error
    })
  }
}
