import type { RowContent, RowDriver } from '@filedepot/testing/model'
import type { EntityManager, QueryRunner } from 'typeorm'
import { Note } from '../entities/note.ts'
import { textFile } from './contents.ts'
import { errorsAbortTransactions, kind } from './database-kind.ts'
import { serverDatabase } from './data-source-options.ts'
import { NoteObserver } from './note-observer.ts'
import { fill, NoteWriter } from './note-writer.ts'

/** Drives TypeORM for the model: notes by name, on a query runner while a transaction is open. */
export class NoteDriver extends NoteObserver implements RowDriver {
  readonly errorsAbortTransactions = errorsAbortTransactions
  /** The object that was saved last for each note; a rollback may have put a pending file back into it. */
  readonly #notes = new Map<string, Note>()
  #queryRunner: QueryRunner | undefined
  /** Of the query runner, as the server names it. */
  #connectionId = 0

  async begin(): Promise<void> {
    this.#queryRunner = this.database.dataSource.createQueryRunner()
    await this.#queryRunner.startTransaction()
    if (kind === 'sqlite') return
    const own = kind === 'postgres' ? 'pg_backend_pid()' : 'connection_id()'
    const [row] = (await this.#queryRunner.query(`SELECT ${own} AS id`)) as { id: number }[]
    this.#connectionId = row?.id ?? 0
  }

  async commit(): Promise<void> {
    try {
      await this.#queryRunner?.commitTransaction()
    } catch (error) {
      await this.#queryRunner?.rollbackTransaction()
      throw error
    } finally {
      await this.#release()
    }
  }

  async rollback(): Promise<void> {
    await this.#queryRunner?.rollbackTransaction()
    await this.#release()
  }

  async savepoint(): Promise<void> {
    await this.#queryRunner?.startTransaction()
  }

  async release(): Promise<void> {
    await this.#queryRunner?.commitTransaction()
  }

  async rollbackTo(): Promise<void> {
    await this.#queryRunner?.rollbackTransaction()
  }

  async kill(): Promise<void> {
    await this.#killConnection()
    await this.#queryRunner?.rollbackTransaction().catch(() => undefined)
    await this.#release()
    this.#notes.clear()
  }

  async killInCommit(): Promise<void> {
    const committing = this.#queryRunner?.commitTransaction().catch(async () => {
      await this.#queryRunner?.rollbackTransaction().catch(() => undefined)
    })
    await this.#killConnection(committing)
    await this.#release()
    this.#notes.clear()
  }

  async save(contents: ReadonlyMap<string, RowContent>): Promise<void> {
    const notes: Note[] = []
    for (const [name, content] of contents) notes.push(fill(await this.#note(name), content))
    try {
      await this.#manager.save(notes)
    } catch (error) {
      for (const { name } of notes) this.#notes.delete(name)
      throw error
    }
  }

  async saveRefused(name: string, content: string): Promise<void> {
    const note = await this.#note(name)
    this.#notes.delete(name)
    const parent = this.#manager.create(Note, { name: 'nobody' })
    Object.assign(note, { text: content, file: textFile(content), parent })
    await this.#manager.save(note)
  }

  async saveAgain(name: string): Promise<void> {
    await this.#manager.save(await this.#note(name))
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

  /** Ends what a program that failed has left open. */
  async abandon(): Promise<void> {
    while (this.#queryRunner?.isTransactionActive) {
      const ended = await this.#queryRunner.rollbackTransaction().then(
        () => true,
        () => false,
      )
      if (!ended) break
    }
    await this.#release()
  }

  get #writer(): NoteWriter {
    return new NoteWriter(this.#manager)
  }

  get #manager(): EntityManager {
    return this.#queryRunner?.manager ?? this.database.dataSource.manager
  }

  async #note(name: string): Promise<Note> {
    const known = this.#notes.get(name) ?? (await this.#writer.find(name))
    this.#notes.set(name, known)
    return known
  }

  async #killConnection(during?: Promise<unknown>): Promise<void> {
    await (await serverDatabase()).endConnection(this.#connectionId, during)
  }

  async #release(): Promise<void> {
    await this.#queryRunner?.release()
    this.#queryRunner = undefined
  }
}
