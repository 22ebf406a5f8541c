import { BROKEN, type RowContent, type RowWriter } from '@filedepot/testing/model'
import { In, type EntityManager } from 'typeorm'
import { Note } from '../entities/note.ts'
import { brokenFile, textFile } from './contents.ts'

/** Writes notes by name with an entity manager, and loads them afresh for each write. */
export class NoteWriter implements RowWriter {
  readonly manager: EntityManager

  constructor(manager: EntityManager) {
    this.manager = manager
  }

  async save(contents: ReadonlyMap<string, RowContent>): Promise<void> {
    if (!this.manager.queryRunner) {
      const notes: Note[] = []
      for (const [name, content] of contents) notes.push(fill(await this.find(name), content))
      await this.manager.save(notes)
      return
    }
    await Promise.all(
      [...contents].map(async ([name, content]) => {
        await this.manager.save(fill(await this.find(name), content))
      }),
    )
  }

  async remove(name: string): Promise<void> {
    const note = await this.manager.findOneBy(Note, { name })
    if (note) await this.manager.remove(note)
  }

  async removeAll(names: readonly string[]): Promise<void> {
    await this.manager.delete(Note, { name: In([...names]) })
  }

  async clearAll(names: readonly string[]): Promise<void> {
    await this.manager.update(Note, { name: In([...names]) }, { file: null, text: '' })
  }

  async move(name: string, parent: string | null): Promise<void> {
    await this.manager.update(Note, { name }, { parent: parent === null ? null : { name: parent } })
  }

  /** The note of this name, or a new one. */
  async find(name: string): Promise<Note> {
    const found = await this.manager.findOneBy(Note, { name })
    return found ?? this.manager.create(Note, { name, text: '', file: null })
  }
}

/** Gives the note a file that says this, or breaks off, or none. */
export function fill(note: Note, content: RowContent): Note {
  note.text = typeof content === 'string' ? content : ''
  if (content === null) note.file = null
  else note.file = content === BROKEN ? brokenFile() : textFile(content)
  return note
}
