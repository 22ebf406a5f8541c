import type { ModelRow, RowObserver } from '@filedepot/testing/model'
import assert from 'node:assert/strict'
import { textOf } from '../../../../test/support/contents.ts'
import type { TestDatabase } from './test-database.ts'

/** Looks at the committed notes and their files. */
export class NoteObserver implements RowObserver {
  readonly database: TestDatabase

  constructor(database: TestDatabase) {
    this.database = database
  }

  async rows(): Promise<Map<string, ModelRow>> {
    const notes = await this.database.prisma.note.findMany()
    const rows = new Map<string, ModelRow>()
    for (const { name, text, file, parentName } of notes) {
      const content = (await textOf(file)) ?? null
      assert.equal(content ?? '', text, `the file of "${name}" is not its own`)
      rows.set(name, { content, parent: parentName })
    }
    return rows
  }

  /** On SQLite, what the program has written may be in a transaction of the ledger, which others see after its COMMIT. */
  async pathsOfRows(): Promise<string[]> {
    await this.database.recover()
    return await this.database.pathsOfRows()
  }

  async pathsOfFiles(): Promise<string[]> {
    await this.database.recover()
    return await this.database.pathsOfFiles()
  }
}
