import 'reflect-metadata'
import type { UploadedFile } from '@filedepot/core'
import { UploadedFileColumn } from '@filedepot/typeorm'
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals'
import { setTimeout } from 'node:timers/promises'
import {
  AfterInsert,
  AfterLoad,
  AfterUpdate,
  BeforeInsert,
  BeforeRemove,
  BeforeUpdate,
  Column,
  Entity,
  PrimaryGeneratedColumn,
  type Repository,
} from 'typeorm'
import { textFile, textOf } from '../support/contents.ts'
import { rolledBack } from '../support/rolled-back.ts'
import { TestDatabase } from '../support/test-database.ts'

/** What the listeners saw of the file: whether it was pending. */
const seen: [string, boolean | undefined][] = []

/** What the files of loaded entities said to them. */
const opened: Promise<string | undefined>[] = []

/** Gives itself a file where it has none. */
@Entity()
class Badge {
  @PrimaryGeneratedColumn()
  id!: number

  @Column({ type: 'varchar', length: 40, default: '' })
  name!: string

  @UploadedFileColumn()
  image!: UploadedFile | null | undefined

  @BeforeInsert()
  atOnce(): void {
    seen.push(['beforeInsert', this.image?.isPending])
    if (this.name === 'at once') this.image = textFile('at once')
  }

  @BeforeUpdate()
  atOnceToo(): void {
    seen.push(['beforeUpdate', this.image?.isPending])
    if (this.name === 'at once') this.image = textFile('at once')
    if (this.name === 'none') this.image = null
  }

  @AfterInsert()
  inserted(): void {
    seen.push(['afterInsert', this.image?.isPending])
  }

  @AfterUpdate()
  updated(): void {
    seen.push(['afterUpdate', this.image?.isPending])
  }

  @BeforeRemove()
  removing(): void {
    seen.push(['beforeRemove', this.image?.isPending])
  }

  @AfterLoad()
  loaded(): void {
    opened.push(textOf(this.image))
  }
}

/** Takes its time to find a file. */
@Entity()
class SlowBadge {
  @PrimaryGeneratedColumn()
  id!: number

  @Column({ type: 'varchar', length: 40, default: '' })
  name!: string

  @UploadedFileColumn()
  image!: UploadedFile | null | undefined

  @BeforeInsert()
  @BeforeUpdate()
  async later(): Promise<void> {
    await setTimeout(5)
    if (this.name === 'later') this.image = textFile('later')
    if (this.name === 'fails') throw new Error('no badge')
  }
}

let database: TestDatabase
let badges: Repository<Badge>
let slow: Repository<SlowBadge>

beforeEach(async () => {
  database = await TestDatabase.open([Badge, SlowBadge])
  badges = database.dataSource.getRepository(Badge)
  slow = database.dataSource.getRepository(SlowBadge)
  seen.length = 0
})

afterEach(async () => {
  await database.expectFilesMatchRows()
  await database.close()
})

describe('listeners of an entity', () => {
  it('see the pending value before, and the stored one after', async () => {
    const badge = await badges.save(badges.create({ image: textFile('first') }))
    await badges.save(Object.assign(badge, { image: textFile('second') }))
    const [loaded] = await badges.find()
    await badges.remove(loaded!)

    expect(seen).toEqual([
      ['beforeInsert', true],
      ['afterInsert', false],
      ['beforeUpdate', true],
      ['afterUpdate', false],
      ['beforeRemove', false],
    ])
    expect(await database.pathsOfFiles()).toEqual([])
  })

  it('see loaded values whose file opens, through the depot of their data source', async () => {
    await badges.save(badges.create({ image: textFile('first') }))
    opened.length = 0

    await badges.find()

    expect(await Promise.all(opened)).toEqual(['first'])
  })

  it('give the row a file that they set at once', async () => {
    const { id } = await badges.save(badges.create({ name: 'at once' }))

    expect(await textOf((await badges.findOneByOrFail({ id })).image)).toBe('at once')
  })

  it('replace and take away files at once, in columns that had not changed', async () => {
    const badge = await badges.save(badges.create({ image: textFile('first') }))

    await badges.save(Object.assign(badge, { name: 'at once' }))
    expect(await textOf((await badges.findOneByOrFail({ id: badge.id })).image)).toBe('at once')

    await badges.save(Object.assign(badge, { name: 'none' }))
    expect(await database.pathsOfFiles()).toEqual([])
  })

  it('lose nothing where the transaction is rolled back', async () => {
    const badge = await badges.save(badges.create({ image: textFile('first') }))

    await rolledBack(database.dataSource, (manager) =>
      manager.save(Object.assign(badge, { name: 'at once' })),
    )

    expect(await textOf((await badges.findOneByOrFail({ id: badge.id })).image)).toBe('first')
    expect(badge.image?.isPending).toBe(true)
  })
})

describe('listeners of an entity that take their time', () => {
  it('give the row a file, too', async () => {
    const { id } = await slow.save(slow.create({ name: 'later' }))

    expect(await textOf((await slow.findOneByOrFail({ id })).image)).toBe('later')
  })

  it('replace one, and the old file goes', async () => {
    const badge = await slow.save(slow.create({ image: textFile('first') }))

    await slow.save(Object.assign(badge, { name: 'later' }))

    expect(await textOf((await slow.findOneByOrFail({ id: badge.id })).image)).toBe('later')
    expect(await database.pathsOfFiles()).toHaveLength(1)
  })

  it('are heard where they fail: nothing is uploaded', async () => {
    const saving = slow.save(slow.create({ name: 'fails', image: textFile('first') }))

    await expect(saving).rejects.toThrow('no badge')
    expect(await slow.count()).toBe(0)
    expect(await database.pathsOfFiles()).toEqual([])
  })

  it('may do other things', async () => {
    const { id } = await slow.save(slow.create({ image: textFile('first') }))

    expect(await textOf((await slow.findOneByOrFail({ id })).image)).toBe('first')
  })
})
