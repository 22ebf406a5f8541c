import 'reflect-metadata'
import type { UploadedFile } from '@filedepot/core'
import { UploadedFileColumn } from '@filedepot/typeorm'
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals'
import { Column, Entity, PrimaryColumn, PrimaryGeneratedColumn, type ObjectLiteral } from 'typeorm'
import { textFile, textOf, textsOf } from '../support/contents.ts'
import { isOn } from '../support/database-kind.ts'
import { rolledBack } from '../support/rolled-back.ts'
import { TestDatabase } from '../support/test-database.ts'

/** What all entities here have. */
abstract class WithFile {
  @Column({ type: 'int', default: 0 })
  version!: number

  @UploadedFileColumn()
  file!: UploadedFile | null
}

@Entity()
class ByUuid extends WithFile {
  @PrimaryGeneratedColumn('uuid')
  id!: string
}

@Entity()
class ByBigint extends WithFile {
  /** A string on servers; SQLite generates numbers. */
  @PrimaryGeneratedColumn({ type: isOn('sqlite') ? 'integer' : 'bigint' })
  id!: string | number
}

@Entity()
class ByGivenBigint extends WithFile {
  @PrimaryColumn({ type: 'bigint' })
  id!: string
}

@Entity()
class ByText extends WithFile {
  @PrimaryColumn({ type: 'varchar', length: 40, name: 'the_name' })
  name!: string
}

@Entity()
class ByDate extends WithFile {
  @PrimaryColumn({ type: isOn('postgres') ? 'timestamp' : 'datetime', precision: 3 })
  day!: Date
}

@Entity()
class ByTransformed extends WithFile {
  @PrimaryColumn({
    type: 'varchar',
    length: 40,
    transformer: { to: (value: string) => `key:${value}`, from: (value: string) => value.slice(4) },
  })
  name!: string
}

@Entity()
class ByTwo extends WithFile {
  @PrimaryColumn({ type: 'varchar', length: 40 })
  shelf!: string

  @PrimaryColumn({ type: 'int' })
  place!: number
}

const entities = [ByUuid, ByBigint, ByGivenBigint, ByText, ByDate, ByTransformed, ByTwo]

/** Two keys, where the database does not make them. */
const keys: [string, new () => WithFile, [ObjectLiteral, ObjectLiteral]][] = [
  ['a UUID', ByUuid, [{}, {}]],
  ['a generated bigint', ByBigint, [{}, {}]],
  ['a bigint beyond the numbers of JavaScript', ByGivenBigint, bigints()],
  ['a text', ByText, [{ name: `o'clock` }, { name: 'Straße "7"' }]],
  ['a date', ByDate, [{ day: new Date(1_700_000_000_123) }, { day: new Date(1_700_000_000_124) }]],
  ['a value that is transformed', ByTransformed, [{ name: 'a' }, { name: 'b' }]],
  [
    'two columns',
    ByTwo,
    [
      { shelf: 'a', place: 1 },
      { shelf: 'a', place: 2 },
    ],
  ],
]

/** SQLite gives numbers back. */
function bigints(): [ObjectLiteral, ObjectLiteral] {
  return isOn('sqlite')
    ? [{ id: '9007199254740990' }, { id: '9007199254740991' }]
    : [{ id: '9007199254740993' }, { id: '9007199254740995' }]
}

let database: TestDatabase

afterEach(async () => {
  await database.expectFilesMatchRows()
  await database.close()
})

describe.each(keys)('rows whose key is %s', (_, entity, [one, two]) => {
  let rows: WithFile[]

  beforeEach(async () => {
    database = await TestDatabase.open(entities)
    const saved = await repository().save([
      repository().create({ ...one, file: textFile('one') }),
      repository().create({ ...two, file: textFile('two') }),
    ])
    // On SQLite, TypeORM transforms the key of an entity that it has inserted once too often.
    rows = isOn('sqlite') && entity === ByTransformed ? await repository().find() : saved
  })

  function repository() {
    return database.dataSource.getRepository<WithFile>(entity)
  }

  async function textsOfRows(): Promise<(string | undefined)[]> {
    return (await textsOf((await repository().find()).map(({ file }) => file))).sort()
  }

  it('give up the file that is replaced, alone and several at once', async () => {
    rows[0]!.file = textFile('new one')
    await repository().save(rows[0]!)
    expect(await textsOfRows()).toEqual(['new one', 'two'])

    const loaded = await repository().find()
    for (const row of loaded) row.file = textFile(`newest ${(await textOf(row.file)) ?? ''}`)
    await repository().save(loaded)

    expect(await textsOfRows()).toEqual(['newest new one', 'newest two'])
    expect(await database.pathsOfFiles()).toHaveLength(2)
  })

  it('keep their files where another column changes', async () => {
    const loaded = await repository().find()
    for (const row of loaded) row.version++
    await repository().save(loaded)

    expect(await textsOfRows()).toEqual(['one', 'two'])
  })

  it('are updated and deleted by criteria', async () => {
    const metadata = database.dataSource.getMetadata(entity)
    const [first, second] = rows.map((row) => metadata.getEntityIdMap(row)!)

    await repository().update(first!, { file: textFile('new one') })
    expect(await textsOfRows()).toEqual(['new one', 'two'])

    await repository().delete(second!)
    expect(await textsOfRows()).toEqual(['new one'])
    expect(await database.pathsOfFiles()).toHaveLength(1)
  })

  it('give up their files when they are removed, alone and several at once', async () => {
    await repository().remove(await repository().find())

    expect(await database.pathsOfFiles()).toEqual([])
  })

  it('keep everything where the transaction is rolled back', async () => {
    await rolledBack(database.dataSource, async (manager) => {
      const [first, second] = await manager.find(entity)
      await manager.save(Object.assign(first!, { file: textFile('new') }))
      await manager.remove([first!, second!])
    })

    expect(await textsOfRows()).toEqual(['one', 'two'])
  })
})

describe('a key that changes', () => {
  beforeEach(async () => {
    database = await TestDatabase.open([ByText])
    await database.dataSource.manager.save(ByText, { name: 'old', file: textFile('first') })
  })

  it('leaves the row its file', async () => {
    await database.dataSource.manager.update(ByText, { name: 'old' }, { name: 'new' })

    const [row] = await database.dataSource.manager.find(ByText)
    expect([row?.name, await textOf(row?.file)]).toEqual(['new', 'first'])
  })

  it('may come with a new file', async () => {
    await database.dataSource.manager.update(
      ByText,
      { name: 'old' },
      { name: 'new', file: textFile('second') },
    )

    const [row] = await database.dataSource.manager.find(ByText)
    expect([row?.name, await textOf(row?.file)]).toEqual(['new', 'second'])
    expect(await database.pathsOfFiles()).toHaveLength(1)
  })

  it('may take the file away', async () => {
    await database.dataSource.manager.update(ByText, { name: 'old' }, { name: 'new', file: null })

    expect(await database.pathsOfFiles()).toEqual([])
  })
})
