import type { RowContent } from '@filedepot/testing/model'
import { In, type EntityManager, type Repository } from 'typeorm'
import { Note } from '../entities/note.ts'
import { fill, NoteWriter } from './note-writer.ts'

/** Writes notes with a repository. */
export class RepositoryNoteWriter extends NoteWriter {
  readonly #notes: Repository<Note>

  constructor(manager: EntityManager) {
    super(manager)
    this.#notes = manager.getRepository(Note)
  }

  override async save(contents: ReadonlyMap<string, RowContent>): Promise<void> {
    await this.#notes.save(
      [...contents].map(([name, content]) => fill(this.#notes.create({ name }), content)),
    )
  }

  override async remove(name: string): Promise<void> {
    const note = await this.#notes.findOneBy({ name })
    if (note) await this.#notes.remove([note])
  }

  override async move(name: string, parent: string | null): Promise<void> {
    const note = await this.#notes.findOneBy({ name })
    if (note) await this.#notes.save({ name, parent: parent === null ? null : { name: parent } })
  }
}

/** Writes notes by criteria, without loading them. */
export class CriteriaNoteWriter extends NoteWriter {
  override async save(contents: ReadonlyMap<string, RowContent>): Promise<void> {
    const values = [...contents].map(([name, content]) => fill(this.manager.create(Note, { name }), content))
    const there = await this.manager.countBy(Note, { name: In([...contents.keys()]) })
    if (there === 0) await this.manager.insert(Note, values)
    else await this.manager.upsert(Note, values, ['name'])
  }

  override async remove(name: string): Promise<void> {
    await this.manager.delete(Note, name)
  }
}

/** Writes notes with query builders. */
export class BuilderNoteWriter extends NoteWriter {
  override async save(contents: ReadonlyMap<string, RowContent>): Promise<void> {
    const values = [...contents].map(([name, content]) => fill(this.manager.create(Note, { name }), content))
    await this.manager
      .createQueryBuilder()
      .insert()
      .into(Note)
      .values(values)
      .orUpdate(['text', 'file'], ['name'])
      .execute()
  }

  override async remove(name: string): Promise<void> {
    await this.manager.createQueryBuilder().delete().from(Note).where({ name }).execute()
  }

  override async removeAll(names: readonly string[]): Promise<void> {
    await this.manager
      .createQueryBuilder()
      .delete()
      .from(Note)
      .where({ name: In([...names]) })
      .execute()
  }

  override async clearAll(names: readonly string[]): Promise<void> {
    await this.manager
      .createQueryBuilder()
      .update(Note)
      .set({ file: null, text: '' })
      .where({ name: In([...names]) })
      .execute()
  }

  override async move(name: string, parent: string | null): Promise<void> {
    await this.manager.createQueryBuilder().relation(Note, 'parent').of(name).set(parent)
  }
}
