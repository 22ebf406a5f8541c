import type { RowContent, RowDriver } from '@filedepot/testing/model'
import { errorsAbortTransactions, isOn, kind } from '../../../../test/databases/database-kind.ts'
import { serverDatabase } from '../../../../test/databases/server-database.ts'
import { HeldTransaction } from './held-transaction.ts'
import { NoteObserver } from './note-observer.ts'
import { dataOf, noteOf, NoteWriter, Ways, type NoteData } from './note-writer.ts'
import type { TestDatabase, TestTransaction } from './test-database.ts'

/** Drives Prisma for the model: notes by name, in transactions that are held open from step to step. */
export class NoteDriver extends NoteObserver implements RowDriver {
  readonly errorsAbortTransactions = errorsAbortTransactions
  /** What was saved last for each note, as it was before it was stored. */
  readonly #notes = new Map<string, NoteData>()
  /** The open transaction, and its savepoints. */
  readonly #open: HeldTransaction[] = []
  readonly #ways: Ways
  /** Of the transaction, as the server names it. */
  #connectionId = 0

  constructor(database: TestDatabase, ways = new Ways()) {
    super(database)
    this.#ways = ways
  }

  async begin(): Promise<void> {
    const held = await HeldTransaction.begin(this.database.prisma)
    this.#open.push(held)
    if (isOn('sqlite')) return
    const own = kind === 'postgres' ? 'pg_backend_pid()' : 'connection_id()'
    const [row] = await held.client.$queryRawUnsafe<{ id: number | bigint }[]>(`SELECT ${own} AS id`)
    this.#connectionId = Number(row?.id)
  }

  async commit(): Promise<void> {
    await this.#open.pop()?.commit()
  }

  async rollback(): Promise<void> {
    await this.#open.pop()?.rollback()
  }

  async savepoint(): Promise<void> {
    this.#open.push(await HeldTransaction.begin(this.#client))
  }

  async release(): Promise<void> {
    await this.commit()
  }

  async rollbackTo(): Promise<void> {
    await this.rollback()
  }

  async kill(): Promise<void> {
    await this.#killConnection()
    await this.abandon()
    this.#notes.clear()
  }

  async killInCommit(): Promise<void> {
    const committing = this.commit().catch(() => undefined)
    await this.#killConnection(committing)
    this.#notes.clear()
  }

  async save(contents: ReadonlyMap<string, RowContent>): Promise<void> {
    const notes = new Map([...contents].map(([name, content]) => [name, noteOf(content)]))
    for (const name of notes.keys()) this.#notes.delete(name)
    await this.#writer.saveAll(notes)
    for (const [name, note] of notes) this.#notes.set(name, note)
  }

  async saveRefused(name: string, content: string): Promise<void> {
    this.#notes.delete(name)
    const data = { ...dataOf(noteOf(content)), parentName: 'nobody' }
    await this.#client.note.upsert({ where: { name }, create: { name, ...data }, update: data })
  }

  /** With the file that the row has, where that is the one; a rollback lets it be uploaded again. */
  async saveAgain(name: string): Promise<void> {
    const note = this.#notes.get(name)
    if (!note) return
    const row = await this.#client.note.findUnique({ where: { name } })
    const isSame = row?.text === note.text
    await this.#writer.saveAll(new Map([[name, isSame ? { text: row.text, file: row.file } : note]]))
  }

  async remove(name: string): Promise<void> {
    await this.#writer.remove(name)
    this.#notes.delete(name)
  }

  async removeAll(names: readonly string[]): Promise<void> {
    await this.#writer.removeAll(names)
    for (const name of names) this.#notes.delete(name)
  }

  async clearAll(names: readonly string[]): Promise<void> {
    await this.#writer.clearAll(names)
    for (const name of names) this.#notes.delete(name)
  }

  async move(name: string, parent: string | null): Promise<void> {
    await this.#writer.move(name, parent)
  }

  /** Ends what is open, whether that can be or not. */
  async abandon(): Promise<void> {
    for (const held of this.#open.splice(0).reverse()) await held.rollback().catch(() => undefined)
  }

  get #client(): TestTransaction {
    return this.#open.at(-1)?.client ?? this.database.prisma
  }

  get #writer(): NoteWriter {
    return new NoteWriter(this.#client, this.#ways)
  }

  async #killConnection(during?: Promise<unknown>): Promise<void> {
    await (await serverDatabase()).endConnection(this.#connectionId, during)
  }
}
