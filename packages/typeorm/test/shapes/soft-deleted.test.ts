import 'reflect-metadata'
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals'
import type { Repository } from 'typeorm'
import { Letter } from '../entities/letter.ts'
import { textFile, textOf } from '../support/contents.ts'
import { rolledBack } from '../support/rolled-back.ts'
import { TestDatabase } from '../support/test-database.ts'

let database: TestDatabase
let letters: Repository<Letter>
let letter: Letter

beforeEach(async () => {
  database = await TestDatabase.open([Letter])
  letters = database.dataSource.getRepository(Letter)
  letter = await letters.save(letters.create({ scan: textFile('scan') }))
})

afterEach(async () => {
  await database.expectFilesMatchRows()
  await database.close()
})

/** The row, also where it is deleted softly. */
async function row(): Promise<Letter> {
  return await letters.findOneOrFail({ where: { id: letter.id }, withDeleted: true })
}

describe('a row that is deleted softly', () => {
  it.each<[string, () => Promise<unknown>]>([
    ['as an entity', () => letters.softRemove(letter)],
    ['by its id', () => letters.softDelete(letter.id)],
    ['by criteria', () => letters.softDelete({ id: letter.id })],
    [
      'by a query builder',
      () => letters.createQueryBuilder().softDelete().where({ id: letter.id }).execute(),
    ],
  ])('keeps its file, and it opens: %s', async (_, remove) => {
    await remove()

    expect(await letters.count()).toBe(0)
    expect((await row()).deletedAt).toBeInstanceOf(Date)
    expect(await textOf((await row()).scan)).toBe('scan')
  })

  it.each<[string, () => Promise<unknown>]>([
    ['as an entity', async () => letters.recover(await row())],
    ['by criteria', () => letters.restore(letter.id)],
  ])('comes back with its file: %s', async (_, restore) => {
    await letters.softRemove(letter)

    await restore()

    expect(await textOf((await letters.findOneByOrFail({ id: letter.id })).scan)).toBe('scan')
  })

  it.each<[string, () => Promise<unknown>]>([
    ['as an entity', async () => letters.remove(await row())],
    ['by criteria', () => letters.delete(letter.id)],
  ])('gives up its file when it is really removed: %s', async (_, remove) => {
    await letters.softRemove(letter)

    await remove()

    expect(await database.pathsOfFiles()).toEqual([])
  })

  it('gives up the file that is replaced meanwhile', async () => {
    await letters.softRemove(letter)

    await letters.save(Object.assign(await row(), { scan: textFile('second') }))
    expect(await textOf((await row()).scan)).toBe('second')
    await letters.update(letter.id, { scan: textFile('third') })
    expect(await textOf((await row()).scan)).toBe('third')

    expect(await database.pathsOfFiles()).toHaveLength(1)
  })

  it('keeps its file where the transaction is rolled back', async () => {
    await rolledBack(database.dataSource, async (manager) => {
      await manager.softRemove(letter)
      await manager.delete(Letter, letter.id)
    })

    expect(await textOf((await row()).scan)).toBe('scan')
  })

  it('takes a new file along that is saved with it', async () => {
    letter.scan = textFile('second')

    await letters.save(letter)
    await letters.softRemove(letter)

    expect(await textOf((await row()).scan)).toBe('second')
  })

  it('uploads nothing that is only put into it', async () => {
    letter.scan = textFile('second')
    const written = database.chaos.calls('write')

    await letters.softRemove(letter)

    expect(database.chaos.calls('write')).toBe(written)
    expect(await textOf((await row()).scan)).toBe('scan')
  })
})
