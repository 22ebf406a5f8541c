import 'reflect-metadata'
import { UploadedFile } from '@filedepot/core'
import { verifyFiles, type FileRow } from '@filedepot/ledger'
import { entityFileColumns, fileRowsOf, UploadedFileColumn } from '@filedepot/typeorm'
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { Column, DeleteDateColumn, Entity, PrimaryColumn } from 'typeorm'
import { textFile } from './support/contents.ts'
import { TestDatabase } from './support/test-database.ts'

class Address {
  @UploadedFileColumn() plan!: UploadedFile | null
}

@Entity()
class House {
  @PrimaryColumn() street!: number
  @PrimaryColumn() number!: number
  @Column(() => Address) address!: Address
  @UploadedFileColumn({ array: true, select: false }) deeds!: UploadedFile[] | null
  @DeleteDateColumn() gone!: Date | null
}

let database: TestDatabase

beforeAll(async () => {
  database = await TestDatabase.open([House])
})

afterAll(() => database.close())

async function rows(signal?: AbortSignal): Promise<FileRow[]> {
  const all: FileRow[] = []
  for await (const row of fileRowsOf(database.dataSource).values(signal)) all.push(row)
  return all
}

describe('fileRowsOf', () => {
  it('reads all values: of soft-deleted rows, columns that are not selected, embedded ones, by a key of two columns', async () => {
    const houses = database.dataSource.getRepository(House)
    const values = Array.from({ length: 1100 }, (_, index) => ({
      street: Math.floor(index / 30),
      number: index % 30,
    }))
    for (let index = 0; index < values.length; index += 220) {
      const some = values.slice(index, index + 220)
      await houses.insert(some.map((key) => ({ ...key, deeds: [textFile('a')] })))
    }
    await houses.save({ street: 1, number: 1, address: { plan: textFile('plan') } })
    await houses.softDelete({ street: 2 })

    const all = await rows()

    expect(all).toHaveLength(1101)
    const keys = all.map(({ column, key }) => JSON.stringify([column, key]))
    expect(new Set(keys).size).toBe(1101)
    const paths = all.flatMap(({ value }) => {
      const json = JSON.parse(value as string) as { files: string[] } | { files: string[] }[]
      return [json].flat().flatMap(({ files }) => files)
    })
    expect(paths.sort()).toEqual(await database.pathsOfFiles())
    const report = await verifyFiles(database.depot, fileRowsOf(database.dataSource))
    expect(report).toMatchObject({ dangling: 0, orphaned: 0 })
  })

  it('ends with an abort', async () => {
    await expect(rows(AbortSignal.abort())).rejects.toMatchObject({ code: 'ABORTED' })
  })

  it('has the columns, with their entities and properties', () => {
    const common = { schema: undefined, table: 'house', entity: 'House' }
    expect(entityFileColumns(database.dataSource)).toEqual([
      expect.objectContaining({ ...common, column: 'deeds', property: 'deeds' }),
      expect.objectContaining({ ...common, column: 'addressPlan', property: 'address.plan' }),
    ])
  })
})
