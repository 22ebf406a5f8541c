import 'reflect-metadata'
import type { UploadedFile } from '@filedepot/core'
import { UploadedFileColumn } from '@filedepot/typeorm'
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals'
import { Entity, ManyToOne, OneToMany, PrimaryColumn, PrimaryGeneratedColumn, type Relation } from 'typeorm'
import { textFile, textsOf } from '../support/contents.ts'
import { isOn } from '../support/database-kind.ts'
import { rolledBack } from '../support/rolled-back.ts'
import { TestDatabase } from '../support/test-database.ts'

/** Of an orphan, TypeORM's event tells the key only: each kind in its own form. */
@Entity()
class Owner {
  @PrimaryGeneratedColumn()
  id!: number

  @OneToMany(() => Dated, ({ owner }) => owner, { cascade: true })
  dated!: Relation<Dated>[]

  @OneToMany(() => Placed, ({ owner }) => owner, { cascade: true })
  placed!: Relation<Placed>[]

  @OneToMany(() => Random, ({ owner }) => owner, { cascade: true })
  random!: Relation<Random>[]
}

@Entity()
class Dated {
  @PrimaryColumn({ type: isOn('postgres') ? 'timestamp' : 'datetime', precision: 3 })
  day!: Date

  @UploadedFileColumn()
  file!: UploadedFile | null

  @ManyToOne(() => Owner, ({ dated }) => dated, { orphanedRowAction: 'delete' })
  owner!: Relation<Owner>
}

@Entity()
class Placed {
  @PrimaryColumn({ type: 'varchar', length: 40 })
  shelf!: string

  @PrimaryColumn({ type: 'int' })
  place!: number

  @UploadedFileColumn()
  file!: UploadedFile | null

  @ManyToOne(() => Owner, ({ placed }) => placed, { orphanedRowAction: 'delete' })
  owner!: Relation<Owner>
}

@Entity()
class Random {
  @PrimaryGeneratedColumn('uuid')
  id!: string

  @UploadedFileColumn()
  file!: UploadedFile | null

  @ManyToOne(() => Owner, ({ random }) => random, { orphanedRowAction: 'delete' })
  owner!: Relation<Owner>
}

let database: TestDatabase
let owner: Owner

beforeEach(async () => {
  database = await TestDatabase.open([Owner, Dated, Placed, Random])
  const { manager } = database.dataSource
  const { id } = await manager.save(Owner, {
    // One only: TypeORM takes children with different dates for the same.
    dated: [{ day: new Date(1_700_000_000_123), file: textFile('dated') }],
    placed: [1, 2].map((place) => ({ shelf: 'a', place, file: textFile(`${place}`) })),
    random: ['x', 'y'].map((text) => ({ file: textFile(text) })),
  })
  owner = await manager.findOneOrFail(Owner, {
    where: { id },
    relations: { dated: true, placed: true, random: true },
    order: { placed: { place: 'ASC' } },
  })
})

afterEach(async () => {
  await database.expectFilesMatchRows()
  await database.close()
})

async function textsIn(entity: typeof Dated | typeof Placed | typeof Random): Promise<unknown[]> {
  return await textsOf((await database.dataSource.manager.find(entity)).map(({ file }) => file))
}

describe('an orphan', () => {
  it('whose key is a date gives up its file', async () => {
    owner.dated = []
    await database.dataSource.manager.save(owner)

    expect(await textsIn(Dated)).toEqual([])
    expect(await database.pathsOfFiles()).toHaveLength(4)
  })

  it('whose key has two columns gives up its file', async () => {
    owner.placed = owner.placed.slice(1)
    await database.dataSource.manager.save(owner)

    expect(await textsIn(Placed)).toEqual(['2'])
    expect(await database.pathsOfFiles()).toHaveLength(4)
  })

  it('of each kind gives up its file, all in one save', async () => {
    Object.assign(owner, { dated: [], placed: [], random: [] })
    await database.dataSource.manager.save(owner)

    expect(await database.pathsOfFiles()).toEqual([])
  })

  it('keeps its file where the transaction is rolled back', async () => {
    Object.assign(owner, { dated: [], placed: [], random: [] })
    await rolledBack(database.dataSource, (manager) => manager.save(owner))

    expect(await database.pathsOfFiles()).toHaveLength(5)
  })
})
