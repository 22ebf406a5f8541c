import 'reflect-metadata'
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals'
import { Memo } from '../entities/memo.ts'
import { textFile, textOf } from '../support/contents.ts'
import { TestDatabase } from '../support/test-database.ts'

let database: TestDatabase

beforeAll(async () => {
  database = await TestDatabase.open([Memo])
  Memo.useDataSource(database.dataSource)
})

afterEach(() => database.endTest())

afterAll(() => database.close())

async function texts(): Promise<(string | undefined)[]> {
  const memos = await Memo.find({ order: { name: 'ASC' } })
  return await Promise.all(memos.map(({ scan }) => textOf(scan)))
}

describe('an entity of BaseEntity', () => {
  it('saves, replaces and removes its files itself', async () => {
    const memo = Memo.create({ name: 'a', scan: textFile('a') })
    await memo.save()
    expect(await texts()).toEqual(['a'])

    memo.scan = textFile('new a')
    await memo.save()
    expect(await texts()).toEqual(['new a'])
    await memo.remove()

    expect(await texts()).toEqual([])
    expect(await database.pathsOfFiles()).toEqual([])
  })

  it('has its files followed by its static methods', async () => {
    await Memo.save([
      Memo.create({ name: 'a', scan: textFile('a') }),
      Memo.create({ name: 'b', scan: textFile('b') }),
    ])
    await Memo.insert({ name: 'c', scan: textFile('c') })
    await Memo.insert({ name: 'd', scan: textFile('d') })
    await Memo.upsert({ name: 'b', scan: textFile('new b') }, ['name'])
    await Memo.update({ name: 'a' }, { scan: textFile('new a') })
    await Memo.delete({ name: 'c' })
    await Memo.remove(await Memo.findBy({ name: 'd' }))

    expect(await texts()).toEqual(['new a', 'new b'])
    expect(await database.pathsOfFiles()).toHaveLength(2)
  })

  it('has its files followed by its query builders', async () => {
    await Memo.createQueryBuilder()
      .insert()
      .values({ name: 'a', scan: textFile('a') })
      .execute()
    await Memo.createQueryBuilder()
      .update()
      .set({ scan: textFile('new a') })
      .where({ name: 'a' })
      .execute()
    expect(await texts()).toEqual(['new a'])

    await Memo.createQueryBuilder().delete().where({ name: 'a' }).execute()

    expect(await database.pathsOfFiles()).toEqual([])
  })

  it('loses all files when it is cleared', async () => {
    await Memo.insert([
      { name: 'a', scan: textFile('a') },
      { name: 'b', scan: textFile('b') },
    ])

    await Memo.clear()

    expect(await texts()).toEqual([])
    expect(await database.pathsOfFiles()).toEqual([])
  })
})
