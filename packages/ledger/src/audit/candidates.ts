import { FiledepotError, type DepotManager } from '@filedepot/core'
import type { FileRows } from '../file-rows.ts'
import { throwIfAborted } from '../ledger-context.ts'
import { Buckets, BUCKETS } from './buckets.ts'
import { filesOf } from './value-files.ts'

/** A list of paths of any length. */
export class Candidates {
  readonly #buckets: Buckets

  private constructor(buckets: Buckets) {
    this.#buckets = buckets
  }

  static async open(): Promise<Candidates> {
    return new Candidates(await Buckets.open())
  }

  add(path: string): void {
    this.#buckets.add('paths', path, path)
  }

  async *all(): AsyncGenerator<string> {
    for (let bucket = 0; bucket < BUCKETS; bucket++) {
      const wanted = new Set<string>()
      for await (const path of this.#buckets.lines('wanted', bucket)) wanted.add(path)
      for await (const path of this.#buckets.lines('paths', bucket)) if (!wanted.has(path)) yield path
    }
  }

  /** Reads the rows, and leaves out what one of them refers to. */
  async leaveOut(
    rows: FileRows,
    { depot, signal }: { depot: DepotManager; signal: AbortSignal | undefined },
  ): Promise<void> {
    for await (const { value } of rows.values(signal)) {
      throwIfAborted('The deletion of files without a row', signal)
      const files = filesOf(value)
      if (!files)
        throw new FiledepotError(
          'INVALID_VALUE',
          'A transaction just wrote a value that is not the JSON of a file. Nothing was deleted. Try again.',
        )
      for (const { path } of files) {
        const slash = path.indexOf('/')
        const name = path.slice(0, slash)
        // By an alias, too.
        const place = slash > 0 && depot.has(name) ? depot.get(name).path(path.slice(slash + 1)) : path
        this.#buckets.add('wanted', place, place)
      }
    }
  }

  async close(): Promise<void> {
    await this.#buckets.close()
  }
}
