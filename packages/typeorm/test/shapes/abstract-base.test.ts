import 'reflect-metadata'
import type { UploadedFile } from '@filedepot/core'
import { UploadedFileColumn } from '@filedepot/typeorm'
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals'
import { Entity, PrimaryGeneratedColumn } from 'typeorm'
import { textFile, textOf } from '../support/contents.ts'
import { TestDatabase } from '../support/test-database.ts'

/** No entity itself. */
abstract class Paper {
  @PrimaryGeneratedColumn()
  id!: number

  @UploadedFileColumn()
  scan!: UploadedFile | null
}

@Entity()
class Invoice extends Paper {
  @UploadedFileColumn()
  receipt!: UploadedFile | null
}

@Entity()
class Offer extends Paper {}

let database: TestDatabase

beforeEach(async () => {
  database = await TestDatabase.open([Invoice, Offer])
})

afterEach(async () => {
  await database.expectFilesMatchRows()
  await database.close()
})

describe('a file column of an abstract base class', () => {
  it('is a column of each entity that extends it', async () => {
    const { manager } = database.dataSource
    const invoice = await manager.save(Invoice, { scan: textFile('invoice'), receipt: textFile('receipt') })
    const offer = await manager.save(Offer, { scan: textFile('offer') })

    await manager.save(Invoice, { id: invoice.id, scan: textFile('new invoice') })
    await manager.delete(Offer, offer.id)

    const loaded = await manager.findOneByOrFail(Invoice, { id: invoice.id })
    expect(await textOf(loaded.scan)).toBe('new invoice')
    expect(await textOf(loaded.receipt)).toBe('receipt')
    expect(await database.pathsOfFiles()).toHaveLength(2)
  })

  it('gives up its file with the row', async () => {
    const { manager } = database.dataSource
    await manager.save(Invoice, { scan: textFile('invoice'), receipt: textFile('receipt') })

    await manager.remove(await manager.find(Invoice))

    expect(await database.pathsOfFiles()).toEqual([])
  })
})
