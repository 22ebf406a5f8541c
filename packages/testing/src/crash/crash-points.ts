/** The point at which a program dies: when it passes a label for the n-th time. */
export interface CrashPoint {
  readonly label: string
  /** Counted from 1 on. */
  readonly passing: number
}

/**
 * The labelled points of a program that is to be killed. At the chosen one it kills itself with SIGKILL: nothing runs any
 * more, no `finally`, no answer that is in progress.
 *
 * ```ts
 * import { CrashPoints } from '@filedepot/testing/crash'
 *
 * const points = new CrashPoints({ label: 'commit:sent', passing: 3 })
 * await points.around('commit', () => fetch('http://127.0.0.1:1234/commit')) // dies in the third one
 * ```
 */
export class CrashPoints {
  /** How often each label was passed. */
  readonly passed = new Map<string, number>()
  readonly #at: CrashPoint | undefined

  /** @param at none: the program only counts */
  constructor(at?: CrashPoint) {
    this.#at = at
  }

  /** Counts a label, and dies if it is time. */
  pass(label: string): void {
    const passing = (this.passed.get(label) ?? 0) + 1
    this.passed.set(label, passing)
    if (label === this.#at?.label && passing === this.#at.passing) process.kill(process.pid, 'SIGKILL')
  }

  /** Passes `label:before`, `label:sent` when the action has begun and is not answered, and `label:after`. */
  async around<T>(label: string, action: () => Promise<T>): Promise<T> {
    this.pass(`${label}:before`)
    const running = action()
    this.pass(`${label}:sent`)
    const result = await running
    this.pass(`${label}:after`)
    return result
  }
}
