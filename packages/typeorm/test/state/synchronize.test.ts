import 'reflect-metadata'
import type { UploadedFile } from '@filedepot/core'
import { UploadedFileColumn, uploadedFileColumn } from '@filedepot/typeorm'
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals'
import { Column, Entity, EntitySchema, PrimaryGeneratedColumn } from 'typeorm'
import { Truck, Vehicle } from '../entities/vehicle.ts'
import { textFile, textOf } from '../support/contents.ts'
import { kind, quoted } from '../support/database-kind.ts'
import { StatementLog } from '../support/statement-log.ts'
import { TestDatabase } from '../support/test-database.ts'

/** Every option that the schema knows of. */
@Entity()
class Columns {
  @PrimaryGeneratedColumn()
  id!: number

  @UploadedFileColumn()
  plain!: UploadedFile | null

  @UploadedFileColumn({ nullable: false })
  needed!: UploadedFile

  @UploadedFileColumn({ array: true, name: 'several_files', comment: `what's "in" it` })
  several!: UploadedFile[] | null

  @UploadedFileColumn({ select: false, update: false, insert: false })
  hidden!: UploadedFile | null

  /** Of TypeORM alone, to compare with. */
  @Column({ type: 'text', nullable: true })
  text!: string | null
}

const Schema = new EntitySchema<{ id: number; file: UploadedFile | null }>({
  name: 'by_schema',
  columns: { id: { type: Number, primary: true, generated: true }, file: uploadedFileColumn() },
})

let database: TestDatabase
const log = new StatementLog()

beforeEach(async () => {
  database = await TestDatabase.open([Columns, Schema, Vehicle, Truck], { dataSource: { logger: log } })
})

afterEach(async () => {
  await database.expectFilesMatchRows()
  await database.close()
})

describe('the schema of an entity with file columns', () => {
  it('has columns of text, as one of TypeORM has', async () => {
    const queryRunner = database.dataSource.createQueryRunner()
    const table = await queryRunner.getTable('columns')
    await queryRunner.release()

    const found = Object.fromEntries(
      table!.columns.map(({ name, type, isNullable }) => [name, [type, isNullable]]),
    )
    expect(found).toMatchObject({
      plain: ['text', true],
      needed: ['text', false],
      several_files: ['text', true],
      hidden: ['text', true],
      text: ['text', true],
    })
  })

  it('is the same for the schema builder once it is there', async () => {
    const { upQueries, downQueries } = await database.dataSource.driver.createSchemaBuilder().log()

    expect([upQueries, downQueries]).toEqual([[], []])
  })

  it('is not changed by a second synchronize()', async () => {
    log.take()

    await database.dataSource.synchronize()

    expect(log.take('CREATE', 'ALTER', 'DROP', 'COMMENT', 'INSERT', 'UPDATE', 'DELETE')).toEqual([])
  })

  it('is not changed by a second synchronize() with files in it', async () => {
    const { manager } = database.dataSource
    const { id } = await manager.save(Columns, { needed: textFile('needed'), several: [textFile('1')] })

    await database.dataSource.synchronize()

    expect(await textOf((await manager.findOneByOrFail(Columns, { id })).needed)).toBe('needed')
  })

  it('can be made by a migration with a column of text', async () => {
    const queryRunner = database.dataSource.createQueryRunner()
    await queryRunner.query('DROP TABLE columns')
    const { upQueries } = await database.dataSource.driver.createSchemaBuilder().log()
    for (const { query } of upQueries) await queryRunner.query(query)
    await queryRunner.release()

    expect((await database.dataSource.driver.createSchemaBuilder().log()).upQueries).toEqual([])
    const create = upQueries.map(({ query }) => query).find((query) => query.includes('CREATE TABLE'))
    expect(create).toContain(`${quoted('plain')} text`)
  })

  it('refuses NULL where a column is not nullable, and leaves no file', async () => {
    const { manager } = database.dataSource

    const saving = manager.save(Columns, { plain: textFile('plain') })

    const says = { sqlite: 'NOT NULL', postgres: 'not-null', mariadb: 'default value' }[kind]
    await expect(saving).rejects.toThrow(says)
    expect(await database.pathsOfFiles()).toEqual([])
    await expect(manager.save(Object.assign(new Columns(), { needed: null }))).rejects.toThrow()
    expect(await manager.count(Columns)).toBe(0)
  })

  it('takes a value that is longer than 64 KiB', async () => {
    const files = Array.from({ length: 250 }, (_, index) =>
      textFile(String(index), `${'long'.repeat(50)}.txt`),
    )
    const { manager } = database.dataSource

    const saving = manager.save(Columns, { needed: textFile('needed'), several: files })

    // MariaDB's TEXT ends there.
    if (kind === 'mariadb') {
      await expect(saving).rejects.toThrow('too long')
      expect(await database.pathsOfFiles()).toEqual([])
      return
    }
    const { id } = await saving
    const { several } = await manager.findOneByOrFail(Columns, { id })
    expect(several).toHaveLength(250)
    expect(await textOf(several![249])).toBe('249')
  })
})
