import { skip as skipped } from '@prisma/client/runtime/client'
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals'
import { textFile, textOf } from '../../../../test/support/contents.ts'
import { TestDatabase, type TestClient } from '../support/test-database.ts'

/** `Prisma.skip`, which a client has if it is generated with the preview feature `strictUndefinedChecks`. */
const skip = skipped as never

let database: TestDatabase
let prisma: TestClient

beforeEach(async () => {
  database = await TestDatabase.open()
  prisma = database.prisma
})

afterEach(() => database.endTest())

describe('Prisma.skip', () => {
  it('leaves the file of a row', async () => {
    const { id } = await prisma.document.create({
      data: { content: textFile('content'), attachments: [textFile('attachment')] },
    })
    const data = { title: 'new', content: skip, attachments: skip }

    const updated = await prisma.document.update({ where: { id }, data })
    await prisma.document.updateMany({ where: { id }, data })
    await prisma.$transaction([prisma.document.update({ where: { id }, data })])

    expect(await textOf(updated.content)).toBe('content')
    expect(await database.pathsOfFiles()).toHaveLength(2)
  })

  it('of a new row is no file', async () => {
    expect(await prisma.document.create({ data: { content: skip } })).toMatchObject({ content: null })
  })

  it('of a key leaves the key', async () => {
    const { id } = await prisma.document.create({ data: { content: textFile('old') } })

    await prisma.document.updateMany({ where: { id }, data: { id: skip, content: textFile('new') } })

    const { content } = await prisma.document.findUniqueOrThrow({ where: { id } })
    expect(await textOf(content)).toBe('new')
  })

  it.each(['delete', 'deleteMany', 'update', 'updateMany', 'upsert', 'create', 'connect'])(
    'in the place of a nested %s does nothing',
    async (write) => {
      const { id } = await prisma.album.create({ data: { photos: { create: { image: textFile('image') } } } })

      await prisma.album.update({ where: { id }, data: { photos: { [write]: skip } } })

      expect(await prisma.photo.count()).toBe(1)
    },
  )
})
