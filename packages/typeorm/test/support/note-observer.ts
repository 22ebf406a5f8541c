import type { ModelRow, RowObserver } from '@filedepot/testing/model'
import assert from 'node:assert/strict'
import { Note } from '../entities/note.ts'
import { textOf } from './contents.ts'
import type { TestDatabase } from './test-database.ts'

/** Looks at the committed notes and their files. */
export class NoteObserver implements RowObserver {
  readonly database: TestDatabase

  constructor(database: TestDatabase) {
    this.database = database
  }

  async rows(): Promise<Map<string, ModelRow>> {
    const notes = await this.database.dataSource.manager.find(Note, { loadRelationIds: true })
    const rows = new Map<string, ModelRow>()
    for (const { name, text, file, parent } of notes) {
      const content = (await textOf(file)) ?? null
      assert.equal(content ?? '', text, `the file of "${name}" is not its own`)
      rows.set(name, { content, parent: (parent as unknown as string | undefined) ?? null })
    }
    return rows
  }

  pathsOfRows(): Promise<string[]> {
    return this.database.pathsOfRows()
  }

  async pathsOfFiles(): Promise<string[]> {
    await this.database.recover()
    return await this.database.pathsOfFiles()
  }
}
