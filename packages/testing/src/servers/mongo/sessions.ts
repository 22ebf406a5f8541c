import { Binary } from 'bson'
import type { Catalog } from './catalog.ts'
import { CommandError, TRANSIENT } from './command-error.ts'
import { isPlainObject, type Doc } from './documents.ts'
import { Transaction } from './transaction.ts'

/** What the server remembers of a client's session. */
export class Session {
  transaction: Transaction | undefined
  /** The last write that the driver may send again, and what it was answered with. */
  lastWrite: { readonly number: bigint; readonly reply: Doc } | undefined
  #busy: Promise<unknown> = Promise.resolve()

  /** Commands with a transaction number take turns, as on a server: one that is sent again waits for the first. */
  inTurn<T>(run: () => Promise<T>): Promise<T> {
    const running = this.#busy.then(run)
    this.#busy = running.catch(() => undefined)
    return running
  }

  /** The transaction of a command that belongs to one. */
  transactionOf(command: Doc, name: string, catalog: Catalog): Transaction {
    const number = BigInt(String(command.txnNumber))
    if (command.startTransaction === true) {
      this.transaction?.abort()
      this.transaction = new Transaction(number, catalog.collections())
    }
    const { transaction } = this
    // A commit may be sent again when its answer was lost, an abort at any time.
    const settledIsGood = name === 'abortTransaction' || name === 'commitTransaction'
    const known = transaction?.number === number && (transaction.state === 'open' || settledIsGood)
    if (!known || (name === 'commitTransaction' && transaction.state === 'aborted')) {
      const text = `Given transaction number ${number} does not match any in-progress transactions.`
      throw new CommandError(251, 'NoSuchTransaction', text, TRANSIENT)
    }
    return transaction
  }
}

/** The sessions of all clients, by their ids. */
export class Sessions {
  readonly #sessions = new Map<string, Session>()

  of(command: Doc): Session | undefined {
    const { lsid, txnNumber } = command
    if (!isPlainObject(lsid) || txnNumber === undefined || !(lsid.id instanceof Binary)) return undefined
    const id = lsid.id.toString('hex')
    let session = this.#sessions.get(id)
    if (!session) this.#sessions.set(id, (session = new Session()))
    return session
  }
}
