import 'reflect-metadata'
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals'
import { Document } from '../entities/document.ts'
import { textFile, textOf } from '../support/contents.ts'
import { rolledBack } from '../support/rolled-back.ts'
import { TestDatabase } from '../support/test-database.ts'

/** Two data sources for the same class, each with tables and a depot of its own. */
let here: TestDatabase
let there: TestDatabase

beforeEach(async () => {
  here = await TestDatabase.open([Document])
  there = await TestDatabase.open([Document], {
    dataSource: { entityPrefix: 'second_', dropSchema: false },
  })
})

afterEach(async () => {
  for (const database of [here, there]) {
    await database.expectFilesMatchRows()
    await database.close()
  }
})

/** How many files are in each depot. */
async function files(): Promise<[number, number]> {
  return [(await here.pathsOfFiles()).length, (await there.pathsOfFiles()).length]
}

describe('two data sources with the same entity class', () => {
  it('keep files each in their own depot, and open them there', async () => {
    const { id } = await here.dataSource.manager.save(Document, { content: textFile('here') })
    await there.dataSource.manager.save(Document, { content: textFile('there') })
    await there.dataSource.manager.save(Document, { content: textFile('there too') })

    expect(await files()).toEqual([1, 2])
    const loaded = await here.dataSource.manager.findOneByOrFail(Document, { id })
    expect(await textOf(loaded.content)).toBe('here')
    const [row] = await there.dataSource.manager.find(Document, { order: { id: 'ASC' } })
    expect(await textOf(row?.content)).toBe('there')
  })

  it('follow their own transactions only', async () => {
    await rolledBack(here.dataSource, async (manager) => {
      await manager.save(Document, { content: textFile('rolled back here') })
      await there.dataSource.manager.save(Document, { content: textFile('committed there') })
    })

    expect(await files()).toEqual([0, 1])
  })

  it('delete by criteria their own files only', async () => {
    for (const { dataSource } of [here, there])
      await dataSource.manager.save(Document, { title: 'same', content: textFile('same') })

    await here.dataSource.manager.delete(Document, { title: 'same' })

    expect(await files()).toEqual([0, 1])
  })

  it('copy a file that goes from one to the other', async () => {
    const from = await here.dataSource.manager.save(Document, { content: textFile('moves', 'moves.txt') })

    const to = await there.dataSource.manager.save(Document, { content: from.content })
    await here.dataSource.manager.remove(Document, await here.dataSource.manager.find(Document))

    expect(await files()).toEqual([0, 1])
    expect(to.content).toMatchObject({ filename: 'moves.txt' })
    const [row] = await there.dataSource.manager.find(Document)
    expect(await textOf(row?.content)).toBe('moves')
  })

  it('copy it also where one entity is saved in both', async () => {
    const document = here.dataSource.manager.create(Document, { content: textFile('twice') })

    await here.dataSource.manager.save(document)
    await there.dataSource.manager.save(document)

    expect(await files()).toEqual([1, 1])
  })
})
