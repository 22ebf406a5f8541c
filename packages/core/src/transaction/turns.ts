import { AsyncLocalStorage } from 'node:async_hooks'

/** Lets what needs a connection for itself, as a transaction does, wait until it is free. */
export interface Turns {
  /**
   * Runs an action when its turn has come; at once where it is called from within the turn that is going on.
   *
   * @param entered whether code of the program runs within the action, anywhere, and could ask for a turn
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

/** Where every transaction has a connection of its own. */
export const NO_TURNS: Turns = {
  run: (action) => action(),
  enter: (action) => action(),
  afterwards: (settling) => settling,
}

interface Turn {
  running: boolean
  /** What its caller waits for when it is over. */
  afterwards: Promise<unknown> | undefined
}

/**
 * Where there is one connection: one action at a time, in the order of the calls.
 *
 * To tell a call from within a turn from one beside it costs every promise of the process something while it is
 * switched on. So that happens only where code of the program runs in a turn, and until nobody is at work.
 */
export class TurnsOnOneConnection implements Turns {
  readonly #inside = new AsyncLocalStorage<Turn>()
  readonly #atEnd: () => Promise<void> | undefined
  /** Those who wait for their turn, in the order of their calls. */
  readonly #waiting: (() => void)[] = []
  /** How many have been asked for and have not ended. */
  #count = 0
  #current: Turn | undefined
  #entered = false

  /** @param atEnd runs as the last part of every turn */
  constructor(atEnd: () => Promise<void> | undefined = () => undefined) {
    this.#atEnd = atEnd
  }

  /** True for a call from within the turn that is going on, where that is {@link Turns.run | entered}. */
  get isInside(): boolean {
    return this.#inside.getStore()?.running === true
  }

  run<T>(action: () => Promise<T>, entered: boolean): Promise<T> {
    // A turn that has ended may live on in what it left running; that waits like everybody else.
    if (this.isInside) return action()
    if (this.#count++ === 0) return this.#run(action, entered)
    return new Promise<void>((resolve) => this.#waiting.push(resolve)).then(() => this.#run(action, entered))
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
    const turn: Turn = (this.#current = { running: true, afterwards: undefined })
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
      else this.#waiting.shift()?.()
    }
    const ending = this.#atEnd()
    if (ending) return ending.finally(over).then(() => turn.afterwards)
    over()
    return turn.afterwards
  }

  #rest(): void {
    if (!this.#entered) return
    this.#entered = false
    this.#inside.disable()
  }
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
