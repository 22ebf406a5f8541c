import 'reflect-metadata'
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals'
import { In, type Repository } from 'typeorm'
import { Document } from '../entities/document.ts'
import { textFile, textOf } from '../support/contents.ts'
import { isOn } from '../support/database-kind.ts'
import { keepRows } from '../support/triggers.ts'
import { TestDatabase } from '../support/test-database.ts'

let database: TestDatabase
let documents: Repository<Document>

// A trigger stays with its table, so each test has a database of its own.
beforeEach(async () => {
  database = await TestDatabase.open([Document])
  documents = database.dataSource.getRepository(Document)
  await documents.save(
    ['a', 'b', 'empty'].map((title) =>
      documents.create({ title, content: title === 'empty' ? null : textFile(title) }),
    ),
  )
})

afterEach(async () => {
  await database.expectFilesMatchRows()
  await database.close()
})

async function texts(): Promise<(string | undefined)[]> {
  const rows = await documents.find({ order: { title: 'ASC' } })
  return await Promise.all(rows.map(({ content }) => textOf(content)))
}

function keep(operation: 'DELETE' | 'UPDATE'): Promise<void> {
  return keepRows(database.dataSource, { table: 'document', operation, when: "OLD.title <> 'b'" })
}

describe('a trigger of the database that keeps rows as they are', () => {
  // MariaDB's triggers can only refuse.
  if (isOn('mariadb')) {
    it('is none of MariaDB’s: one that refuses keeps row and file', async () => {
      await database.dataSource.query(
        'CREATE TRIGGER keep BEFORE DELETE ON document FOR EACH ROW SIGNAL SQLSTATE "45000" SET MESSAGE_TEXT = "kept"',
      )

      await expect(documents.delete({ title: 'a' })).rejects.toThrow('kept')
      await expect(documents.remove(await documents.find())).rejects.toThrow('kept')

      expect(await texts()).toEqual(['a', 'b', undefined])
    })
    return
  }

  it.each<[string, () => Promise<unknown>]>([
    ['remove', async () => documents.remove(await documents.find())],
    ['delete by criteria', () => documents.delete({ title: In(['a', 'b']) })],
    ['delete of all rows', () => documents.deleteAll()],
  ])('keeps the files of those that %s was to delete', async (_, remove) => {
    await keep('DELETE')

    await remove()

    expect((await texts())[0]).toBe('a')
    expect(await documents.countBy({ title: 'b' })).toBe(0)
    expect(await database.pathsOfFiles()).toHaveLength(1)
  })

  if (isOn('sqlite')) {
    it('keeps the files of those that clear was to delete, which is a DELETE on SQLite', async () => {
      await keep('DELETE')

      await documents.clear()

      expect(await texts()).toEqual(['a', undefined])
      expect(await database.pathsOfFiles()).toHaveLength(1)
    })
  }

  it.each<[string, () => Promise<unknown>]>([
    [
      'save',
      async () => {
        const rows = await documents.find()
        await documents.save(rows.map(({ id, title }) => ({ id, content: textFile(`new ${title}`) })))
      },
    ],
    [
      'update by criteria',
      async () => {
        for (const title of ['a', 'b', 'empty'])
          await documents.update({ title }, { content: textFile(`new ${title}`) })
      },
    ],
  ])('keeps the old files of those that %s was to change, and not the new ones', async (_, change) => {
    await keep('UPDATE')

    await change()

    expect(await texts()).toEqual(['a', 'new b', undefined])
    expect(await database.pathsOfFiles()).toHaveLength(2)
  })

  it('keeps the files that an update was to take away', async () => {
    await keep('UPDATE')

    await documents.updateAll({ content: null })

    expect(await texts()).toEqual(['a', undefined, undefined])
    expect(await database.pathsOfFiles()).toHaveLength(1)
  })

  it('gives the pending value of a row that it kept back', async () => {
    await keep('UPDATE')
    const row = await documents.findOneByOrFail({ title: 'empty' })
    const content = textFile('never written')

    row.content = content
    await documents.save(row)

    expect(row.content).toBe(content)
    expect(await texts()).toEqual(['a', 'b', undefined])
  })
})
