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
