import type { Args, PrismaInternals, TransactionLink } from '../../prisma-internals.ts'
import { AsyncLocalStorage } from 'node:async_hooks'
import type { LaterExtensions } from './later-extensions.ts'
import type { WritePlanner } from '../plan/plan-write.ts'
import type { ReadRows, RowReader } from '../reading/row-reader.ts'
import type { Model } from '../../schema/data-model.ts'
import { ADD_BEFORE, OPEN_IT, sentAgain, sentLate, sentTwice, wouldWait } from './refusals.ts'

/** A write that the extensions after ours have been given, and that has not come back. */
export interface ActiveWrite {
  /** `user.update()`. */
  readonly name: string
  /** The transaction in which it runs, if its rows were looked at in one. */
  readonly link: TransactionLink | undefined
  /** The rows that were read and locked for it. */
  readonly rows: readonly ReadRows[]
  /** The paths of the files that were stored for it. */
  readonly uploads: ReadonlySet<string>
}

interface Entry {
  readonly write: ActiveWrite
  /** The one within which an extension has called it. */
  readonly outer: Entry | undefined
  /** The files that were sent, by what stands behind the extension that has sent them. */
  readonly sent: Map<object, Set<string>>
  /** What sends them now. */
  readonly running: Set<Promise<unknown>>
  isOver: boolean
  hasFailed: boolean
}

/**
 * The running writes, to refuse deadlocks. An extension may call another operation within a write, outside of its transaction.
 * That operation would wait for the locked rows, or on SQLite for the connection, and the write would wait for the operation,
 * until the transaction times out.
 */
export class ActiveWrites {
  readonly #internals: PrismaInternals
  readonly #planner: WritePlanner
  readonly #reader: RowReader
  readonly #later: LaterExtensions
  readonly #entries = new AsyncLocalStorage<Entry>()

  constructor(parts: {
    internals: PrismaInternals
    planner: WritePlanner
    reader: RowReader
    later: LaterExtensions
  }) {
    this.#internals = parts.internals
    this.#planner = parts.planner
    this.#reader = parts.reader
    this.#later = parts.later
  }

  /** True within what an extension after ours does with a write. */
  get isWithinOne(): boolean {
    return this.#innermost !== undefined
  }

  /** True also in a task that goes on after its write. */
  get isBegunByOne(): boolean {
    return this.#entries.getStore() !== undefined
  }

  /** A task that goes on after the write that has begun it carries that along: it says nothing any more. */
  get #innermost(): Entry | undefined {
    let entry = this.#entries.getStore()
    while (entry?.isOver) entry = entry.outer
    return entry
  }

  /** Runs what hands a write on to the extensions after ours. */
  async run<T>(write: () => ActiveWrite, action: () => Promise<T>): Promise<T> {
    if (!this.#later.seeWrites) return await action()
    const entry: Entry = {
      write: write(),
      outer: this.#innermost,
      sent: new Map(),
      running: new Set(),
      isOver: false,
      hasFailed: false,
    }
    try {
      return await this.#entries.run(entry, action)
    } catch (error) {
      entry.hasFailed = true
      throw error
    } finally {
      entry.isOver = true
      // An extension may not have waited for what it sends, as in a `Promise.all` that has failed.
      while (entry.running.size > 0) await Promise.allSettled(entry.running)
    }
  }

  /**
   * Called before an operation of a model.
   *
   * @param original the arguments as the caller wrote them
   * @param link the transaction of the operation
   * @throws FiledepotError `NOT_SUPPORTED`
   */
  async checkOperation(
    model: Model,
    { operation, args, original }: { operation: string; args: Args; original: unknown },
    link: TransactionLink | undefined,
  ): Promise<void> {
    for (const write of this.#outside(link?.id)) {
      const { targets, files, isPlain } = this.#planner.look(model, operation, args, original)
      const name = `${model.property}.${operation}()`
      if (files.some((path) => write.uploads.has(path))) throw sentAgain(write, name)
      // One statement gets into the transaction that is open on the connection; several want one of their own.
      if (this.#hasOneConnection && write.link && !isPlain) throw wouldWait(write, name, ADD_BEFORE)
      for (const { model: changed, where } of targets) {
        for (const { model: locked, keys } of write.rows) {
          if (changed !== locked || keys.length === 0) continue
          if (await this.#reader.areAmong(changed, where, keys)) throw wouldWait(write, name, ADD_BEFORE)
        }
      }
    }
  }

  /**
   * Runs what an extension sends on.
   *
   * @param sender what stands behind that extension
   * @throws FiledepotError `NOT_SUPPORTED` if it has sent these files already, or their write has failed
   */
  async send<T>(
    sender: object,
    { model, operation, args }: { model: Model; operation: string; args: Args },
    run: () => Promise<T>,
  ): Promise<T> {
    const { files } = this.#planner.look(model, operation, args, args)
    const sent = this.#sentFiles(sender, files)
    for (const { paths, path, name } of sent) if (paths.has(path)) throw sentTwice(name)
    for (const { paths, path } of sent) paths.add(path)
    const running = run()
    for (const { running: all } of sent) all.add(running)
    try {
      return await running
    } catch (error) {
      for (const { paths, path } of sent) paths.delete(path)
      throw error
    } finally {
      for (const { running: all } of sent) all.delete(running)
    }
  }

  /** The files of running writes among these, and the record of those that were sent. */
  #sentFiles(
    sender: object,
    files: readonly string[],
  ): { name: string; path: string; paths: Set<string>; running: Set<Promise<unknown>> }[] {
    const found = []
    for (let entry = this.#entries.getStore(); entry; entry = entry.outer) {
      const { write, sent, running, hasFailed } = entry
      const own = files.filter((path) => write.uploads.has(path))
      if (own.length === 0) continue
      // Its files are gone.
      if (hasFailed) throw sentLate(write.name)
      const paths = sent.get(sender) ?? new Set<string>()
      sent.set(sender, paths)
      for (const path of own) found.push({ name: write.name, path, paths, running })
    }
    return found
  }

  /**
   * Called before a transaction is opened, by a caller or for a write of files.
   *
   * @param id the transaction of the client by which it is opened, which makes it a part of that
   * @param isBlind true if it contains an unknown operation: `query(args)` of an extension
   * @param isQueued true if it waits until no single statement is in progress, which it does on SQLite
   * @throws FiledepotError `NOT_SUPPORTED`
   */
  checkTransaction(
    id: string | undefined,
    { isBlind = false, isQueued = true }: { isBlind?: boolean; isQueued?: boolean } = {},
  ): void {
    for (const write of this.#outside(id)) {
      const waits = this.#hasOneConnection ? write.link !== undefined || isQueued : write.link && isBlind
      if (waits) throw wouldWait(write, '$transaction()', OPEN_IT)
    }
  }

  get #hasOneConnection(): boolean {
    return this.#internals.provider === 'sqlite'
  }

  /** The writes within which an extension has called something that is not in their transaction. */
  *#outside(id: TransactionLink['id'] | undefined): Iterable<ActiveWrite> {
    for (let entry = this.#innermost; entry; entry = entry.outer) {
      if (!entry.isOver && (entry.write.link === undefined || entry.write.link.id !== id)) yield entry.write
    }
  }
}
