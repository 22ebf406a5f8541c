import 'reflect-metadata'
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals'
import type { Repository } from 'typeorm'
import { Letter } from '../entities/letter.ts'
import { textFile, textOf } from '../support/contents.ts'
import { TestDatabase } from '../support/test-database.ts'

let database: TestDatabase
let letters: Repository<Letter>

beforeAll(async () => {
  database = await TestDatabase.open([Letter])
  letters = database.dataSource.getRepository(Letter)
})

afterEach(() => database.endTest())

afterAll(() => database.close())

async function saved(text = 'scan'): Promise<Letter> {
  return await letters.save(letters.create({ scan: textFile(text) }))
}

/** What the files of all letters say, also of those that are deleted softly. */
async function texts(): Promise<(string | undefined)[]> {
  const rows = await letters.find({ withDeleted: true })
  return (await Promise.all(rows.map(({ scan }) => textOf(scan)))).sort()
}

describe('a row that is deleted softly', () => {
  it.each<[string, (letter: Letter) => Promise<unknown>]>([
    ['softRemove', (letter) => letters.softRemove(letter)],
    ['softRemove of a plain object', ({ id }) => letters.softRemove({ id })],
    ['softDelete of an id', ({ id }) => letters.softDelete(id)],
    ['softDelete of criteria', ({ id }) => letters.softDelete({ id })],
    [
      'a query builder',
      ({ id }) => letters.createQueryBuilder().softDelete().where('id = :id', { id }).execute(),
    ],
    [
      'a transaction of its own',
      ({ id }) => letters.createQueryBuilder().softDelete().where({ id }).useTransaction(true).execute(),
    ],
  ])('by %s keeps its file', async (_, remove) => {
    const letter = await saved()

    await remove(letter)

    expect(await letters.count()).toBe(0)
    expect(await texts()).toEqual(['scan'])
  })

  it.each<[string, (letter: Letter) => Promise<unknown>]>([
    ['recover', (letter) => letters.recover(letter)],
    ['recover of a plain object', ({ id }) => letters.recover({ id })],
    ['restore of an id', ({ id }) => letters.restore(id)],
    [
      'a query builder',
      ({ id }) => letters.createQueryBuilder().restore().where('id = :id', { id }).execute(),
    ],
  ])('has its file again after %s', async (_, restore) => {
    const letter = await saved()
    await letters.softRemove(letter)

    await restore(letter)

    const [row] = await letters.find()
    expect(await textOf(row?.scan)).toBe('scan')
  })

  it('keeps its file where that is rolled back', async () => {
    const letter = await saved()
    const failure = new Error('rolled back on purpose')

    const removing = database.dataSource.transaction(async (manager) => {
      await manager.softRemove(letter)
      throw failure
    })

    await expect(removing).rejects.toBe(failure)
    expect(await letters.count()).toBe(1)
    expect(await texts()).toEqual(['scan'])
  })

  it('gives its file up when the property is set to null', async () => {
    const letter = await saved()
    await letters.softRemove(letter)

    letter.scan = null
    await letters.save(letter)

    expect(await texts()).toEqual([undefined])
    expect(await database.pathsOfFiles()).toEqual([])
  })

  it('has its file replaced as ever', async () => {
    const letter = await saved()
    await letters.softRemove(letter)

    letter.scan = textFile('new')
    await letters.save(letter)

    expect(await texts()).toEqual(['new'])
    expect(await database.pathsOfFiles()).toHaveLength(1)
  })

  it.each<[string, (letter: Letter) => Promise<unknown>]>([
    ['remove', (letter) => letters.remove(letter)],
    ['delete', ({ id }) => letters.delete(id)],
    ['deleteAll', () => letters.deleteAll()],
    ['clear', () => letters.clear()],
  ])('loses its file when it is really removed, by %s', async (_, remove) => {
    const letter = await saved()
    await letters.softRemove(letter)

    await remove(letter)

    expect(await texts()).toEqual([])
    expect(await database.pathsOfFiles()).toEqual([])
  })
})
