import type { DepotManager } from '../depot/depot-manager.ts'
import { AbortedError, FiledepotError } from '../errors.ts'
import { giveBack, giveBackOriginal, noteMove, takeOwnership, takingOf } from '../upload/ownership.ts'
import type { UploadedFile } from '../upload/uploaded-file.ts'
import { waitUpTo } from './wait-up-to.ts'
import { TransactionScope, type ScopeUpload } from './transaction-scope.ts'

/** How a database transaction ended, as far as anyone can say. */
export type TransactionOutcome = 'committed' | 'rolledBack' | 'unknown'

/** Options of {@link FileTransaction}. */
export interface FileTransactionOptions {
  /**
   * How long the end of the transaction, or of a savepoint, waits for files to be deleted and for uploads to stop, in
   * milliseconds. What is left then goes on by itself. @default Infinity
   */
  readonly maxWait?: number
}

/**
 * The files of one database transaction: what it has uploaded and what its rows have given up. Integrations drive
 * it; it knows no database.
 *
 * It deletes nothing before the outcome is known. A commit deletes the discarded files, a rollback deletes the uploads, and an
 * unknown outcome keeps all files. Savepoints are scopes: a rollback to a savepoint undoes it at once, and a released savepoint
 * joins the scope around it.
 *
 * ```ts
 * import { depot, UploadedFile } from '@filedepot/core'
 * import { FileTransaction } from '@filedepot/core/integration'
 *
 * const transaction = new FileTransaction(depot)
 * const photo = UploadedFile.from(Buffer.from('…'))
 * const stored = await transaction.add((signal) => depot.upload(photo, { signal }))
 * // … the row is written, the old one gives up its file, the database commits …
 * transaction.discard(['default/01890a5d-ac96-774b-bcce-b302099a8057'])
 * await transaction.settle('committed')
 * ```
 */
export class FileTransaction {
  readonly #depot: DepotManager
  readonly #maxWait: number
  #scopes: TransactionScope[] = [new TransactionScope()]

  constructor(depot: DepotManager, { maxWait = Infinity }: FileTransactionOptions = {}) {
    this.#depot = depot
    this.#maxWait = maxWait
  }

  /** How many savepoints are open. */
  get savepoints(): number {
    return this.#scopes.length - 1
  }

  /** Names the innermost scope, for {@link FileTransaction.isOpen}. */
  get scope(): object {
    return this.#checkOpen()
  }

  /** True if nothing of the scope has been rolled back: it is open, or was released into one that is. */
  isOpen(scope: object): boolean {
    return this.#scopes.some((open) => open.includes(scope))
  }

  /** True if a commit would have no file to delete, and no upload to stop. */
  get isQuiet(): boolean {
    return this.#scopes.every((scope) => scope.isQuiet)
  }

  /** True while an upload is in flight. */
  get isUploading(): boolean {
    return this.#scopes.some((scope) => scope.isUploading)
  }

  /** True after {@link FileTransaction.settle}. */
  get settled(): boolean {
    return this.#scopes.length === 0
  }

  /**
   * Runs an upload as a part of the innermost scope. It is noted before it starts, so that the end of the
   * transaction in the meantime stops it, waits for it and removes what it stored; this then rejects with `ABORTED`.
   *
   * @param upload gets a signal that a rollback fires
   * @param revert called on a rollback: puts the pending value back where the stored one was put
   * @throws FiledepotError `TRANSACTION_SETTLED`, `ABORTED`, and what the upload throws
   */
  async add<T extends UploadedFile>(
    upload: (signal: AbortSignal) => Promise<T>,
    revert?: () => void,
  ): Promise<T> {
    const entry = this.#checkOpen().begin(upload, revert)
    const stored = await finished(entry)
    takeOwnership(stored)
    return stored
  }

  /**
   * Makes a value that was uploaded before the transaction a part of it. A rollback gives it back: its file stays,
   * for the next try. False if the value belongs to a row already.
   */
  adopt(value: UploadedFile): boolean {
    const scope = this.#checkOpen()
    if (!takeOwnership(value)) return false
    const taking = takingOf(value)
    scope.onRollback(() => {
      giveBack(value, taking)
    })
    return true
  }

  /**
   * Makes a value that was uploaded before the transaction a part of it, after a check. Until then no other row can get it. A
   * rollback, or an error of `conform`, gives it back.
   *
   * @param conform resolves with the value, or with a copy of it that the row is to have in its place. The copy is removed
   *   by a rollback; {@link movedFrom} says what it is a copy of
   * @param revert called on a rollback if there is a copy
   * @returns `undefined` if the value belongs to a row already
   * @throws FiledepotError `TRANSACTION_SETTLED`, `ABORTED`, and what `conform` throws
   */
  adoptConforming<T extends UploadedFile>(
    value: T,
    conform: (signal: AbortSignal) => Promise<T>,
    revert?: () => void,
  ): Promise<T> | undefined {
    const scope = this.#checkOpen()
    if (!takeOwnership(value)) return undefined
    const taking = takingOf(value)
    let back = () => {
      giveBack(value, taking)
    }
    scope.onRollback(() => {
      back()
    })
    const conforming = async (signal: AbortSignal) => {
      try {
        const conformed = await conform(signal)
        if (conformed !== value) {
          takeOwnership(conformed)
          noteMove(conformed, value)
          back = () => {
            giveBackOriginal(conformed)
          }
          if (revert) scope.onRollback(revert)
        }
        return conformed
      } catch (error) {
        back()
        throw error
      }
    }
    return finished(scope.begin(conforming, undefined, value))
  }

  /** Registers a function that undoes changes in memory if the innermost scope is rolled back. */
  onRollback(revert: () => void): void {
    this.#checkOpen().onRollback(revert)
  }

  /** Notes files that a row gave up. They are deleted after the commit. */
  discard(paths: Iterable<string>): void {
    this.#checkOpen().discard(paths)
  }

  /** Called before a rollback is sent: stops the running uploads, so that the rollback does not wait for them. */
  stopUploads(): void {
    for (const scope of this.#scopes) scope.stop()
  }

  /** A savepoint: what follows belongs to a scope of its own. */
  savepoint(): void {
    this.#checkOpen()
    this.#scopes.push(new TransactionScope())
  }

  /** The savepoint was released: what it holds belongs to the scope around it. */
  release(): void {
    const released = this.#popSavepoint()
    this.#checkOpen().absorb(released)
  }

  /** The savepoint was rolled back: its uploads go, and what its rows gave up is theirs again. */
  async rollbackTo(): Promise<void> {
    await this.#popSavepoint().undo(this.#depot, this.#maxWait)
  }

  /**
   * The transaction has ended. Resolves when the files are deleted, or after `maxWait`; never rejects, as nothing that
   * happens to files now changes what the database did.
   *
   * @param reason why the outcome is unknown, for those who watch
   */
  async settle(outcome: TransactionOutcome, reason?: unknown): Promise<void> {
    // Taken before the first await: commit events of databases can be re-entered.
    const [all, ...inner] = this.#scopes
    this.#scopes = []
    if (!all) return
    for (const scope of inner) all.absorb(scope)

    if (outcome === 'committed') await all.finish(this.#depot, this.#maxWait)
    else if (outcome === 'rolledBack') await all.undo(this.#depot, this.#maxWait)
    else await waitUpTo(this.#maxWait, all.leave(this.#depot, reason))
  }

  #checkOpen(): TransactionScope {
    const scope = this.#scopes.at(-1)
    if (scope) return scope
    throw new FiledepotError(
      'TRANSACTION_SETTLED',
      'Cannot use a file transaction that has ended. Begin a new one',
    )
  }

  #popSavepoint(): TransactionScope {
    const scope = this.#scopes.length > 1 ? this.#scopes.pop() : undefined
    if (scope) return scope
    throw new FiledepotError(
      'TRANSACTION_SETTLED',
      'Cannot end a savepoint: the transaction has no open savepoint',
    )
  }
}

async function finished<T extends UploadedFile>({ uploading, abort }: ScopeUpload<T>): Promise<T> {
  const stored = await uploading
  if (abort.signal.aborted) throw new AbortedError('An upload whose transaction has ended')
  return stored
}
