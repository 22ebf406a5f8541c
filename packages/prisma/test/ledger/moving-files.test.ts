import { MemoryBackend } from '@filedepot/core'
import { ledgerOf, regenerateFiles } from '@filedepot/prisma'
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals'
import { textFile } from '../../../../test/support/contents.ts'
import { TestDatabase, type TestClient } from '../support/test-database.ts'

let database: TestDatabase
let prisma: TestClient

beforeEach(async () => {
  database = await TestDatabase.open({ ledger: { drain: false } })
  prisma = database.prisma
  if (!database.depot.has('cloud')) database.depot.configure('cloud', new MemoryBackend())
})

afterEach(() => database.endTest())

describe('the ledger of a client', () => {
  it('moves the files of fields and lists', async () => {
    const ledger = ledgerOf(prisma)
    const { id, avatar } = await prisma.user.create({
      data: { name: 'ada', avatar: textFile('a'), documents: [textFile('b'), textFile('c')] },
    })
    const from = avatar!.storage

    expect(await ledger.moveFiles({ from, to: 'cloud' })).toMatchObject({ changed: 2, files: 3, left: 0 })

    const moved = await prisma.user.findUniqueOrThrow({ where: { id } })
    expect(moved.avatar!.path).toBe(`cloud/${avatar!.id}`)
    expect((await moved.avatar!.bytes()).toString()).toBe('a')
    expect(moved.documents!.map(({ storage }) => storage)).toEqual(['cloud', 'cloud'])
    await database.query('UPDATE filedepot_files SET retry_at = NULL')
    expect(await ledger.drain()).toMatchObject({ deleted: 3, waiting: 0 })
    expect(await ledger.verify({ hash: true })).toMatchObject({ dangling: 0, changed: 0, values: 2 })
  })

  it('makes the files of a field anew', async () => {
    const { id, avatar } = await prisma.user.create({ data: { name: 'ada', avatar: textFile('a') } })

    expect(await regenerateFiles(prisma, { model: 'user', field: 'avatar' })).toMatchObject({
      changed: 1,
      left: 0,
    })

    const after = await prisma.user.findUniqueOrThrow({ where: { id } })
    expect(after.avatar!.toJSON()).toEqual(avatar!.toJSON())
    await expect(regenerateFiles(prisma, { model: 'user', field: 'name' })).rejects.toMatchObject({
      code: 'INVALID_ARGUMENT',
      message: expect.stringContaining('user.avatar, user.documents') as unknown,
    })
  })
})
