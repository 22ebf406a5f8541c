/** The methods of a backend that can be made to fail. */
export type ChaosMethod =
  'write' | 'stat' | 'read' | 'delete' | 'list' | 'signedUrl' | 'signedUpload' | 'copy'

/**
 * Which calls a rule strikes. Calls are counted from 1 on, from when the rule was added. Without any of these, every
 * call is struck; if several are given, all of them must hold.
 */
export interface ChaosTrigger {
  /** Only this call. */
  on?: number
  /** This call and all later ones. */
  from?: number
  /** No more than this many calls. @default Infinity */
  times?: number
  /** Each call with this probability, from 0 to 1, by the numbers of {@link ChaosBackend.seed}. @default 1 */
  probability?: number
  /** Only calls for this id; a delete is for it where it is among its ids. */
  id?: string
}

/** What a struck call meets. */
export interface Fault {
  /** Waited before anything else. */
  readonly delayMs?: number
  /** Never settles, until aborted or restored. */
  readonly hangs?: boolean
  /** The body, the bytes or the list breaks off after so many bytes or ids. */
  readonly tearAfter?: number
  /** When the error is thrown: before the inner backend is called, or after it has done its work. */
  readonly failStage?: 'before' | 'after'
  /** Of a delete: these ids are reported as failed, and stay. */
  readonly failIds?: (id: string) => boolean
  readonly error?: () => unknown
}

/** A fault, and the calls that it strikes. */
export class ChaosRule {
  readonly #trigger: ChaosTrigger
  readonly #random: () => number
  #seen = 0
  #struck = 0

  constructor(
    readonly method: ChaosMethod,
    readonly fault: Fault,
    trigger: ChaosTrigger,
    random: () => number,
  ) {
    this.#trigger = { ...trigger }
    this.#random = random
  }

  /** Counts a call, and says if the rule strikes it. */
  strikes(ids: readonly string[]): boolean {
    const { on, from = 1, times = Infinity, probability = 1, id } = this.#trigger
    if (id !== undefined && !ids.includes(id)) return false
    this.#seen++
    if ((on !== undefined && this.#seen !== on) || this.#seen < from || this.#struck >= times) return false
    // Drawn only if it decides, so that a rule without a probability changes nothing for the others.
    if (probability < 1 && this.#random() >= probability) return false
    this.#struck++
    return true
  }
}
