import { BROKEN, type RowContent, type RowDriver } from '@filedepot/testing/model'
import { In, type EntityManager, type QueryRunner } from 'typeorm'
import { Note } from '../entities/note.ts'
import { brokenFile, textFile, textOf } from './contents.ts'
import type { TestDatabase } from './test-database.ts'

/** Drives TypeORM for the model: notes by name, on a query runner while a transaction is open. */
export class NoteDriver implements RowDriver {
  readonly #database: TestDatabase
  /** The object that was saved last for each note; a rollback may have put a pending file back into it. */
  readonly #notes = new Map<string, Note>()
  #queryRunner: QueryRunner | undefined

  constructor(database: TestDatabase) {
    this.#database = database
  }

  async begin(): Promise<void> {
    this.#queryRunner = this.#database.dataSource.createQueryRunner()
    await this.#queryRunner.startTransaction()
  }

  async commit(): Promise<void> {
    await this.#queryRunner?.commitTransaction()
    await this.#release()
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

  async save(contents: ReadonlyMap<string, RowContent>): Promise<void> {
    const notes = await Promise.all([...contents.keys()].map((name) => this.#note(name)))
    for (const note of notes) note.file = fileOf(contents.get(note.name) ?? null)
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
    Object.assign(note, { tag: 'refused', file: textFile(content) })
    await this.#manager.save(note)
  }

  async saveAgain(name: string): Promise<void> {
    await this.#manager.save(await this.#note(name))
  }

  async remove(name: string): Promise<void> {
    await this.#manager.remove(await this.#manager.findOneByOrFail(Note, { name }))
    this.#notes.delete(name)
  }

  async removeAll(names: readonly string[]): Promise<void> {
    await this.#manager.delete(Note, { name: In([...names]) })
    for (const name of names) this.#notes.delete(name)
  }

  async clearAll(names: readonly string[]): Promise<void> {
    await this.#manager.update(Note, { name: In([...names]) }, { file: null })
    for (const name of names) this.#notes.delete(name)
  }

  async rows(): Promise<Map<string, string | null>> {
    const notes = await this.#database.dataSource.manager.find(Note)
    return new Map(
      await Promise.all(notes.map(async ({ name, file }) => [name, (await textOf(file)) ?? null] as const)),
    )
  }

  pathsOfRows(): Promise<string[]> {
    return this.#database.pathsOfRows()
  }

  pathsOfFiles(): Promise<string[]> {
    return this.#database.pathsOfFiles()
  }

  get #manager(): EntityManager {
    return this.#queryRunner?.manager ?? this.#database.dataSource.manager
  }

  async #note(name: string): Promise<Note> {
    const known =
      this.#notes.get(name) ??
      (await this.#manager.findOneBy(Note, { name })) ??
      this.#manager.create(Note, { name, file: null })
    this.#notes.set(name, known)
    return known
  }

  async #release(): Promise<void> {
    await this.#queryRunner?.release()
    this.#queryRunner = undefined
  }
}

function fileOf(content: RowContent): Note['file'] {
  if (content === null) return null
  return content === BROKEN ? brokenFile() : textFile(content)
}
