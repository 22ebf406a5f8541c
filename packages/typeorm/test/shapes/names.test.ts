import 'reflect-metadata'
import type { UploadedFile } from '@filedepot/core'
import { UploadedFileColumn } from '@filedepot/typeorm'
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals'
import {
  Column,
  DefaultNamingStrategy,
  Entity,
  JoinColumn,
  ManyToOne,
  PrimaryGeneratedColumn,
  type EntityTarget,
  type Relation,
} from 'typeorm'
import { textFile, textOf, textsOf } from '../support/contents.ts'
import { serverDatabase } from '../support/data-source-options.ts'
import { isOn } from '../support/database-kind.ts'
import { rolledBack } from '../support/rolled-back.ts'
import { TestDatabase } from '../support/test-database.ts'

interface Row {
  id: number
  title: string
  content: UploadedFile | null
  more: UploadedFile[] | null
}

/** Named in the database as nothing should be. */
@Entity({ name: 'Order' })
class Awkward implements Row {
  @PrimaryGeneratedColumn({ name: 'Group' })
  id!: number

  @Column({ type: 'varchar', length: 40, unique: true, name: 'a title' })
  title!: string

  @UploadedFileColumn({ name: 'content_col', comment: 'whose "name" is not that of its property' })
  content!: UploadedFile | null

  @UploadedFileColumn({ array: true, name: 'select' })
  more!: UploadedFile[] | null
}

@Entity()
class PlainlyNamed implements Row {
  @PrimaryGeneratedColumn()
  id!: number

  @Column({ type: 'varchar', length: 40, unique: true })
  title!: string

  @UploadedFileColumn()
  content!: UploadedFile | null

  @UploadedFileColumn({ array: true })
  more!: UploadedFile[] | null
}

@Entity({ schema: 'archive' })
class Archived extends PlainlyNamed {}

/** In yet another schema, and deleted by the database with what it is a copy of. */
@Entity({ schema: 'Copies of it' })
class Copy extends PlainlyNamed {
  @ManyToOne(() => Archived, { onDelete: 'CASCADE', nullable: false })
  @JoinColumn({ name: 'of' })
  archived!: Relation<Archived>
}

/** Upper case, and a prefix. */
class Loud extends DefaultNamingStrategy {
  override columnName(propertyName: string, customName: string): string {
    return customName || `C_${propertyName.toUpperCase()}`
  }
}

let database: TestDatabase

afterEach(async () => {
  await database.expectFilesMatchRows()
  await database.close()
})

const cases: [string, EntityTarget<Row>, () => Promise<TestDatabase>][] = [
  ['columns with other names than their properties', Awkward, () => TestDatabase.open([Awkward])],
  [
    'a naming strategy and a prefix of tables',
    PlainlyNamed,
    () =>
      TestDatabase.open([PlainlyNamed], { dataSource: { namingStrategy: new Loud(), entityPrefix: 'p_' } }),
  ],
]
if (isOn('postgres')) cases.push(['a schema', Archived, openWithSchemas])

/** TypeORM does not make schemas. */
async function openWithSchemas(): Promise<TestDatabase> {
  const server = await serverDatabase()
  for (const name of ['archive', '"Copies of it"']) await server.query(`CREATE SCHEMA IF NOT EXISTS ${name}`)
  return await TestDatabase.open([Archived, Copy])
}

describe.each(cases)('an entity with %s', (_, entity, open) => {
  let id: number

  beforeEach(async () => {
    database = await open()
    const more = [textFile('1'), textFile('2')]
    const saved = await repository().save({ title: 'a', content: textFile('first'), more })
    id = saved.id
  })

  function repository() {
    return database.dataSource.getRepository(entity)
  }

  async function texts(): Promise<(string | undefined)[]> {
    const { content, more } = await repository().findOneByOrFail({ id })
    return await textsOf([content, ...(more ?? [])])
  }

  it('gives up the files that are replaced', async () => {
    await repository().save({ id, content: textFile('second') })
    await repository().update({ title: 'a' }, { more: [textFile('3')] })
    await repository()
      .createQueryBuilder()
      .update()
      .set({ content: textFile('third') })
      .where({ id })
      .execute()

    expect(await texts()).toEqual(['third', '3'])
    expect(await database.pathsOfFiles()).toHaveLength(2)
  })

  it('gives up its files with its rows, also by criteria', async () => {
    await repository().insert({ title: 'other', content: textFile('other') })

    await repository().delete({ title: 'other' })
    expect(await texts()).toEqual(['first', '1', '2'])

    await repository().remove(await repository().find())
    expect(await database.pathsOfFiles()).toEqual([])
  })

  it('follows an upsert', async () => {
    await repository().upsert({ title: 'a', content: textFile('upserted') }, ['title'])

    expect(await texts()).toEqual(['upserted', '1', '2'])
    expect(await database.pathsOfFiles()).toHaveLength(3)
  })

  it('keeps everything where the transaction is rolled back', async () => {
    await rolledBack(database.dataSource, async (manager) => {
      await manager.update(entity, id, { content: textFile('second'), more: null })
      await manager.delete(entity, id)
    })

    expect(await texts()).toEqual(['first', '1', '2'])
  })
})

describe('the name of a file column', () => {
  it('is that which its options say, and else that of the naming strategy', async () => {
    database = await TestDatabase.open([Awkward, PlainlyNamed], {
      dataSource: { namingStrategy: new Loud() },
    })

    const [awkward, plain] = [Awkward, PlainlyNamed].map((entity) =>
      database.dataSource.getMetadata(entity).columns.map(({ databaseName }) => databaseName),
    )

    expect(awkward).toEqual(['Group', 'a title', 'content_col', 'select'])
    expect(plain).toEqual(['C_ID', 'C_TITLE', 'C_CONTENT', 'C_MORE'])
  })
})

if (isOn('postgres')) {
  describe('a cascade of the database from one schema to another', () => {
    it('takes the files along', async () => {
      database = await openWithSchemas()
      const { manager } = database.dataSource
      const archived = await manager.save(Archived, { title: 'a', content: textFile('archived') })
      await manager.save(Copy, { title: 'a', archived, content: textFile('copy') })
      const kept = await manager.save(Archived, { title: 'b', content: textFile('kept') })

      await manager.delete(Archived, archived.id)

      expect(await manager.count(Copy)).toBe(0)
      expect(await textOf((await manager.findOneByOrFail(Archived, { id: kept.id })).content)).toBe('kept')
      expect(await database.pathsOfFiles()).toHaveLength(1)
    })
  })
}
