import 'reflect-metadata'
import type { UploadedFile } from '@filedepot/core'
import { uploadedFileColumn, UploadedFileColumn } from '@filedepot/typeorm'
import { afterEach, describe, expect, it } from '@jest/globals'
import { Column, Entity, EntitySchema, getMetadataArgsStorage, PrimaryGeneratedColumn } from 'typeorm'
import { textFile, textOf, textsOf } from '../support/contents.ts'
import { isOn } from '../support/database-kind.ts'
import { TestDatabase } from '../support/test-database.ts'

/** Its columns are declared in every way that leads to a file column. */
@Entity()
class Declared {
  @PrimaryGeneratedColumn()
  id!: number

  @UploadedFileColumn()
  decorated!: UploadedFile | null

  @Column(uploadedFileColumn())
  asColumn!: UploadedFile | null

  /** A column of another type, for less or for more text. */
  @Column({
    ...uploadedFileColumn({ array: true }),
    ...(isOn('mariadb') ? { type: 'mediumtext' } : { type: 'varchar', length: 100_000 }),
  })
  ofOtherType!: UploadedFile[] | null

  @Column({ ...uploadedFileColumn(), transformer: [uploadedFileColumn().transformer] })
  withTransformers!: UploadedFile | null
}

const names = ['decorated', 'asColumn', 'withTransformers'] as const

let database: TestDatabase

afterEach(async () => {
  await database.expectFilesMatchRows()
  await database.close()
})

describe('a file column', () => {
  it.each(names)('gives up its file, however it is declared: %s', async (name) => {
    database = await TestDatabase.open([Declared])
    const rows = database.dataSource.getRepository(Declared)
    const { id } = await rows.save({ [name]: textFile('first') })

    await rows.save({ id, [name]: textFile('second') })
    const row = await rows.findOneByOrFail({ id })
    expect(await textOf(row[name])).toBe('second')
    expect(await database.pathsOfFiles()).toHaveLength(1)

    await rows.remove(row)
    expect(await database.pathsOfFiles()).toEqual([])
  })

  it('holds more files where its column has another type', async () => {
    database = await TestDatabase.open([Declared])
    const rows = database.dataSource.getRepository(Declared)
    const files = Array.from({ length: 250 }, (_, index) =>
      textFile(String(index), `${'long'.repeat(20)}.txt`),
    )

    const { id } = await rows.save({ ofOtherType: files })

    const { ofOtherType } = await rows.findOneByOrFail({ id })
    expect(await textsOf(ofOtherType)).toEqual(files.map((_, index) => String(index)))
  })

  it('needs no types of properties, as without emitDecoratorMetadata', async () => {
    class Plain {
      declare id: number
      declare file: UploadedFile | null
    }
    Entity()(Plain)
    PrimaryGeneratedColumn()(Plain.prototype, 'id')
    UploadedFileColumn()(Plain.prototype, 'file')
    database = await TestDatabase.open([Plain])

    const { id } = await database.dataSource.manager.save(Plain, { file: textFile('plain') })

    const { file } = await database.dataSource.manager.findOneByOrFail(Plain, { id })
    expect(await textOf(file)).toBe('plain')
    expect(
      getMetadataArgsStorage()
        .filterColumns(Plain)
        .map(({ mode }) => mode),
    ).toEqual(['regular', 'regular'])
  })

  it('is left alone by fields of the class that are there and undefined, as ES2022 defines them', async () => {
    database = await TestDatabase.open([Declared])
    const rows = database.dataSource.getRepository(Declared)
    const { id } = await rows.save({ decorated: textFile('kept') })

    const row = Object.assign(new Declared(), { id, decorated: undefined, asColumn: textFile('new') })
    await rows.save(row)
    await rows.save(Object.assign(row, { asColumn: null }))

    expect(await textOf((await rows.findOneByOrFail({ id })).decorated)).toBe('kept')
    expect(await database.pathsOfFiles()).toHaveLength(1)
  })

  it('can share its options, transformer and all, with another column and another entity', async () => {
    const shared = uploadedFileColumn({ storage: 'attachments' })
    const id = { type: Number, primary: true, generated: true } as const
    const [One, Two] = ['one', 'two'].map(
      (name) =>
        new EntitySchema<{ id: number; a: UploadedFile | null; b: UploadedFile | null }>({
          name,
          columns: { id, a: shared, b: shared },
        }),
    )
    database = await TestDatabase.open([One!, Two!])
    const { manager } = database.dataSource

    const one = await manager.save(One!, { a: textFile('a of one'), b: textFile('b of one') })
    const two = await manager.save(Two!, { a: textFile('a of two'), b: textFile('b of two') })
    await manager.save(One!, { id: one.id, a: textFile('new a of one') })
    await manager.delete(Two!, two.id)

    const { a, b } = await manager.findOneByOrFail(One!, { id: one.id })
    expect(await textsOf([a, b])).toEqual(['new a of one', 'b of one'])
    expect(await database.pathsOfFiles()).toHaveLength(2)
  })
})

describe('save(…, { reload: false })', () => {
  it('keeps files with rows, and undoes them with a rollback', async () => {
    database = await TestDatabase.open([Declared])
    const rows = database.dataSource.getRepository(Declared)

    await rows.save({ decorated: textFile('first') }, { reload: false })
    const [row] = await rows.find()
    await rows.save(Object.assign(row!, { decorated: textFile('second') }), { reload: false })
    const failing = database.dataSource.transaction(async (manager) => {
      await manager.save(Declared, { decorated: textFile('third') }, { reload: false })
      throw new Error('rolled back on purpose')
    })

    await expect(failing).rejects.toThrow('on purpose')
    expect(await textsOf((await rows.find()).map(({ decorated }) => decorated))).toEqual(['second'])
  })
})
