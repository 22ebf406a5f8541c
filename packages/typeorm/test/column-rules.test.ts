import 'reflect-metadata'
import type { UploadedFile, UploadOptions } from '@filedepot/core'
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals'
import type { Repository } from 'typeorm'
import { Contract } from './entities/contract.ts'
import { textFile, textOf, textsOf } from './support/contents.ts'
import { rolledBack } from './support/rolled-back.ts'
import { TestDatabase } from './support/test-database.ts'

// Values that are stored before their rows, as those of received forms are.

let database: TestDatabase
let contracts: Repository<Contract>

beforeEach(async () => {
  database = await TestDatabase.open([Contract])
  contracts = database.dataSource.getRepository(Contract)
})

afterEach(async () => {
  await database.expectFilesMatchRows()
  await database.close()
})

function received(text: string, options?: UploadOptions): Promise<UploadedFile> {
  return database.depot.upload(textFile(text), options)
}

/** The ways in which a file comes into the column of a row. */
const WAYS: [string, (values: Partial<Contract>) => Promise<unknown>][] = [
  ['save of a new row', (values) => contracts.save(contracts.create(values))],
  [
    'save of a row that is there',
    async (values) => {
      const row = await contracts.save(contracts.create({ text: textFile('old') }))
      return await contracts.save(Object.assign(row, values))
    },
  ],
  ['insert', (values) => contracts.insert(values)],
  [
    'update',
    async (values) => {
      const { id } = await contracts.save(contracts.create({ text: textFile('old') }))
      return await contracts.update({ id }, values)
    },
  ],
  [
    'upsert',
    async (values) => {
      const { id } = await contracts.save(contracts.create({ text: textFile('old') }))
      return await contracts.upsert({ id, ...values }, ['id'])
    },
  ],
  ['a query builder', (values) => contracts.createQueryBuilder().insert().values(values).execute()],
]

describe.each(WAYS)('a stored value given by %s', (_, write) => {
  it('is refused if it breaks the rules of the column, and nothing changes', async () => {
    const large = await received('more than ten bytes')
    const image = await database.depot.upload(textFile('GIF89a', 'a.gif'))
    const plain = await received('plain')

    await expect(write({ text: large })).rejects.toMatchObject({ code: 'FILE_TOO_LARGE' })
    await expect(write({ text: image })).rejects.toMatchObject({ code: 'FILE_REFUSED' })
    await expect(write({ scan: plain })).rejects.toMatchObject({
      code: 'WRONG_UPLOAD_TYPE',
      message: expect.stringContaining('Contract.scan: Expected a file of type Scan'),
    })

    // What was refused is still whoever's it was.
    const anything = await contracts.save([{ anything: large }, { anything: image }, { anything: plain }])
    expect(anything.map((row) => row.anything.path)).toEqual([large.path, image.path, plain.path])
  })

  it('is moved to the storage of the column', async () => {
    const value = await received('kept')

    await write({ text: value })

    const [row] = await contracts.find({ order: { id: 'DESC' } })
    expect(row?.text).toMatchObject({ storage: 'attachments', filename: 'note.txt', size: 4 })
    expect(await textOf(row?.text)).toBe('kept')
    expect(await database.exists(value)).toBe(false)
  })
})

describe('a stored value in a list', () => {
  it('is moved, beside those that the row holds already and those that are pending', async () => {
    const row = await contracts.save(contracts.create({ annexes: [textFile('one')] }))
    const [one] = row.annexes!
    row.annexes = [one!, await received('two'), textFile('three')]

    await contracts.save(row)

    const { annexes } = await contracts.findOneByOrFail({ id: row.id })
    expect(annexes?.map(({ storage }) => storage)).toEqual(['attachments', 'attachments', 'attachments'])
    expect(await textsOf(annexes)).toEqual(['one', 'two', 'three'])
    expect(annexes?.[0]?.path).toBe(one?.path)
  })

  it('stays usable if another one of the list is refused', async () => {
    const value = await received('two')

    const saving = contracts.save({ annexes: [value, await received('more than ten bytes')] })
    await expect(saving).rejects.toMatchObject({ code: 'FILE_TOO_LARGE' })
    await contracts.save({ anything: value })

    const left = (await database.pathsOfFiles()).filter((path) => path !== value.path)
    expect(left).toHaveLength(1)
    await database.depot.deleteFiles(left)
  })
})

describe('a value that was moved', () => {
  it('is as it was after a rollback, and the copy is gone', async () => {
    const value = await received('kept')
    const row = contracts.create({ text: value })

    await rolledBack(database.dataSource, (manager) => manager.save(row))

    expect(row.text).toBe(value)
    expect(await database.pathsOfFiles()).toEqual([value.path])
    await contracts.save(row)
    expect(row.text?.storage).toBe('attachments')
  })

  it('is as it was if only its statement failed, and the transaction was committed', async () => {
    const value = await received('kept')

    await database.dataSource.transaction(async (manager) => {
      await manager.save(Contract, { anything: textFile('beside') })
      await manager
        .transaction(async (nested) => {
          await nested.insert(Contract, { title: null as never, text: value })
        })
        .catch(() => undefined)
    })
    await contracts.save({ anything: value })

    expect((await contracts.find({ order: { id: 'ASC' } })).at(-1)?.anything?.path).toBe(value.path)
  })
})

describe('what a row holds already', () => {
  it('is not held against rules that came later', async () => {
    const row = await contracts.save({ anything: textFile('more than ten bytes') })
    await database.dataSource.query(`UPDATE contract SET text = anything, anything = NULL`)

    await contracts.update({ id: row.id }, { title: 'new' })
    const loaded = await contracts.findOneByOrFail({ id: row.id })
    loaded.title = 'newer'
    await contracts.save(loaded)

    expect((await contracts.findOneByOrFail({ id: row.id })).text?.storage).toBe('default')
  })
})

describe('a value of another row', () => {
  it('is checked, and copied to the storage of the column', async () => {
    const [small, large] = await contracts.save([
      { anything: textFile('small') },
      { anything: textFile('more than ten bytes') },
    ])

    await expect(contracts.save({ text: large!.anything })).rejects.toMatchObject({ code: 'FILE_TOO_LARGE' })
    const copy = await contracts.save({ text: small!.anything })

    expect(copy.text.storage).toBe('attachments')
    expect(await textOf(small!.anything)).toBe('small')
  })
})
