import { setTimeout } from 'node:timers/promises'
import { CommandError } from './command-error.ts'
import { isPlainObject, type Doc } from './documents.ts'

/** How commands fail: the `data` of `configureFailPoint: 'failCommand'`, and what only this server knows. */
export interface CommandFailure {
  /** The commands that it strikes. */
  readonly failCommands: readonly string[]
  /** Closes the connection instead of running the command. */
  readonly closeConnection?: boolean
  /** Runs the command and closes the connection instead of answering; mongod has no such option. */
  readonly loseReply?: boolean
  /** Answers with this error. */
  readonly errorCode?: number
  readonly errorLabels?: readonly string[]
  /** Waits for `blockTimeMS` milliseconds first. */
  readonly blockConnection?: boolean
  readonly blockTimeMS?: number
}

interface FailPoint {
  readonly failure: CommandFailure
  skip: number
  times: number
}

/** The failures that were asked for, in their order. */
export class FailPoints {
  #points: FailPoint[] = []

  add(failure: CommandFailure, { skip = 0, times = Infinity }: { skip?: number; times?: number } = {}): void {
    this.#points.push({ failure, skip, times })
  }

  clear(): void {
    this.#points = []
  }

  /** As the command `configureFailPoint` says it. */
  configure({ mode, data }: Doc): void {
    if (mode === 'off') this.clear()
    else if (isPlainObject(data) && Array.isArray(data.failCommands)) {
      this.add(data as unknown as CommandFailure, isPlainObject(mode) ? mode : {})
    } else throw new CommandError(2, 'BadValue', 'failCommand needs data.failCommands')
  }

  /** The failure that strikes this command, counted. */
  strike(name: string): CommandFailure | undefined {
    const point = this.#points.find(({ failure, times }) => times > 0 && failure.failCommands.includes(name))
    if (!point) return undefined
    if (point.skip > 0) {
      point.skip--
      return undefined
    }
    point.times--
    return point.failure
  }
}

/** Waits as long as the failure says, and rejects with its error if it has one. */
export async function suffer(failure: CommandFailure): Promise<void> {
  const { blockConnection, blockTimeMS = 0, errorCode, errorLabels } = failure
  if (blockConnection) await setTimeout(blockTimeMS, undefined, { ref: false })
  if (errorCode === undefined) return
  const text = "Failing command via 'failCommand' failpoint"
  throw new CommandError(errorCode, 'FailPoint', text, errorLabels ? { errorLabels } : {})
}
