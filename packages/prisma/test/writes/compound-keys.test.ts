import { afterEach, beforeEach, describe, expect, it } from '@jest/globals'
import { textFile, textsOf } from '../../../../test/support/contents.ts'
import { Prisma } from '../support/generated-client.ts'
import { TestDatabase } from '../support/test-database.ts'

// More rows with a key of two fields than a statement takes parameters.

const ROWS = 1200

let database: TestDatabase

beforeEach(async () => {
  database = await TestDatabase.open()
})

afterEach(() => database.endTest())

const KEYS = {
  'that share the first field': (index: number) => ({ chapter: 'one', number: index }),
  'that share the last field': (index: number) => ({ chapter: `chapter ${index}`, number: 1 }),
  'that share no field': (index: number) => ({ chapter: `chapter ${index}`, number: index }),
}

describe.each(Object.entries(KEYS))('many rows with keys of two fields %s', (_, keyOf) => {
  beforeEach(async () => {
    const { page } = database.prisma
    for (let at = 0; at < ROWS; at += 100) {
      await page.createMany({ data: Array.from({ length: 100 }, (_, index) => keyOf(at + index)) })
    }
    for (const index of [0, 700, ROWS - 1]) {
      await page.update({ where: { chapter_number: keyOf(index) }, data: { scan: textFile(`${index}`) } })
    }
    await page.create({ data: { chapter: 'other', number: 0, scan: textFile('other') } })
  })

  it('are deleted with their files', async () => {
    const result = await database.prisma.page.deleteMany({ where: { chapter: { not: 'other' } } })

    expect(result).toEqual({ count: ROWS })
    expect(await textsOf((await database.prisma.page.findMany()).map(({ scan }) => scan))).toEqual(['other'])
    expect(await database.pathsOfFiles()).toHaveLength(1)
  })

  it('lose their files', async () => {
    const result = await database.prisma.page.updateMany({
      where: { chapter: { not: 'other' } },
      data: { scan: Prisma.DbNull },
    })

    expect(result).toEqual({ count: ROWS })
    expect(await database.prisma.page.count()).toBe(ROWS + 1)
    expect(await database.pathsOfFiles()).toHaveLength(1)
  })
})

describe('many rows with keys of', () => {
  const COUNT = 60

  it('large numbers are found and locked', async () => {
    const { parcel } = database.prisma
    const id = (index: number) => 9_007_199_254_740_993n + BigInt(index)
    for (let index = 0; index < COUNT; index++) {
      await parcel.create({ data: { id: id(index), label: textFile(`${index}`) } })
    }

    await parcel.updateMany({ where: { id: { lt: id(30) } }, data: { label: Prisma.DbNull } })
    expect(await database.pathsOfFiles()).toHaveLength(30)
    await parcel.deleteMany()

    expect(await database.pathsOfFiles()).toEqual([])
  })

  it('text with quotes are found and locked', async () => {
    const { note } = database.prisma
    const name = (index: number) => `"${index}" \\ 'é'\n`
    await note.create({ data: { name: 'parent' } })
    for (let index = 0; index < COUNT; index++) {
      await note.create({ data: { name: name(index), parentName: 'parent', file: textFile(`${index}`) } })
    }

    await note.delete({ where: { name: 'parent' } })

    expect(await note.count()).toBe(0)
    expect(await database.pathsOfFiles()).toEqual([])
  })
})
