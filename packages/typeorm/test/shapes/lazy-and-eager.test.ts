import 'reflect-metadata'
import type { UploadedFile } from '@filedepot/core'
import { UploadedFileColumn } from '@filedepot/typeorm'
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals'
import {
  Column,
  Entity,
  JoinColumn,
  ManyToOne,
  OneToMany,
  OneToOne,
  PrimaryGeneratedColumn,
  type Relation,
  type Repository,
} from 'typeorm'
import { textFile, textOf, textsOf } from '../support/contents.ts'
import { typeormVersion } from '../support/database-kind.ts'
import { rolledBack } from '../support/rolled-back.ts'
import { TestDatabase } from '../support/test-database.ts'

/** Its pages are loaded when somebody waits for them, its cover always. */
@Entity()
class Magazine {
  @PrimaryGeneratedColumn()
  id!: number

  @Column({ type: 'varchar', length: 40, default: '' })
  title!: string

  @OneToMany(() => Page, (page) => page.magazine, { lazy: true, cascade: true })
  pages!: Promise<Page[]>

  @OneToOne(() => Front, { eager: true, cascade: true, nullable: true })
  @JoinColumn()
  front!: Relation<Front> | null
}

@Entity()
class Page {
  @PrimaryGeneratedColumn()
  id!: number

  @UploadedFileColumn()
  scan!: UploadedFile | null

  @ManyToOne(() => Magazine, (magazine) => magazine.pages, {
    lazy: true,
    onDelete: 'CASCADE',
    orphanedRowAction: 'delete',
    nullable: false,
  })
  magazine!: Promise<Magazine>
}

@Entity()
class Front {
  @PrimaryGeneratedColumn()
  id!: number

  @UploadedFileColumn()
  image!: UploadedFile | null
}

let database: TestDatabase
let magazines: Repository<Magazine>
let pages: Repository<Page>

beforeEach(async () => {
  database = await TestDatabase.open([Magazine, Page, Front])
  magazines = database.dataSource.getRepository(Magazine)
  pages = database.dataSource.getRepository(Page)
})

afterEach(async () => {
  await database.expectFilesMatchRows()
  await database.close()
})

/** A magazine with two pages and a front, loaded anew. */
async function savedMagazine(): Promise<Magazine> {
  const magazine = magazines.create({ front: { image: textFile('front') } })
  magazine.pages = Promise.resolve([
    pages.create({ scan: textFile('one') }),
    pages.create({ scan: textFile('two') }),
  ])
  const { id } = await magazines.save(magazine)
  return await magazines.findOneByOrFail({ id })
}

async function textsOfPages(): Promise<(string | undefined)[]> {
  return await textsOf((await pages.find({ order: { id: 'ASC' } })).map(({ scan }) => scan))
}

describe('a lazy relation', () => {
  it('cascades to the children that its promise was set to', async () => {
    await savedMagazine()

    expect(await textsOfPages()).toEqual(['one', 'two'])
  })

  it('cascades to the children that were waited for', async () => {
    const magazine = await savedMagazine()

    const [first] = await magazine.pages
    first!.scan = textFile('new')
    await magazines.save(magazine)

    expect((await textsOfPages()).sort()).toEqual(['new', 'two'])
    expect(await database.pathsOfFiles()).toHaveLength(3)
  })

  it('gives children whose files open', async () => {
    const magazine = await savedMagazine()

    const children = await magazine.pages

    expect((await textsOf(children.map(({ scan }) => scan))).sort()).toEqual(['one', 'two'])
    expect((await children[0]!.magazine).id).toBe(magazine.id)
  })

  it('leaves the files of children alone that nobody waited for', async () => {
    const magazine = await savedMagazine()

    await magazines.save(Object.assign(magazine, { title: 'renamed' }))

    expect(await textsOfPages()).toEqual(['one', 'two'])
  })

  it('gives up the file of a child that is taken out of it', async () => {
    const magazine = await savedMagazine()

    const children = await magazine.pages
    magazine.pages = Promise.resolve(children.slice(1))
    await magazines.save(magazine)

    expect(await textsOfPages()).toHaveLength(1)
    expect(await database.pathsOfFiles()).toHaveLength(2)
  })

  it('does not hide the children that the database deletes with the parent', async () => {
    await magazines.remove(await savedMagazine())

    expect(await textsOfPages()).toEqual([])
    // The front goes by a cascade of TypeORM, which version 0.3 does not have.
    expect(await database.pathsOfFiles()).toHaveLength(typeormVersion === '0.3' ? 1 : 0)
  })

  it('keeps the files of its children where the transaction is rolled back', async () => {
    const magazine = await savedMagazine()

    await rolledBack(database.dataSource, async (manager) => {
      const [first] = await magazine.pages
      first!.scan = textFile('new')
      await manager.save(magazine)
      await manager.remove(magazine)
    })

    expect(await textsOfPages()).toEqual(['one', 'two'])
  })

  it('of a child leads to the parent that it is saved with', async () => {
    const page = pages.create({ scan: textFile('only') })
    page.magazine = Promise.resolve(await magazines.save(magazines.create()))

    await pages.save(page)

    expect(await textOf((await pages.findOneByOrFail({ id: page.id })).scan)).toBe('only')
  })
})

describe('an eager relation', () => {
  it('is loaded with files that open', async () => {
    const { front } = await savedMagazine()

    expect(await textOf(front?.image)).toBe('front')
  })

  it('gives up the file that is replaced', async () => {
    const magazine = await savedMagazine()

    magazine.front!.image = textFile('new front')
    await magazines.save(magazine)

    expect(await textOf((await magazines.findOneByOrFail({ id: magazine.id })).front?.image)).toBe(
      'new front',
    )
    expect(await database.pathsOfFiles()).toHaveLength(3)
  })

  it('keeps its file where only the parent changes', async () => {
    const magazine = await savedMagazine()

    for (const title of ['first', 'second']) await magazines.save(Object.assign(magazine, { title }))

    expect(await textOf((await magazines.findOneByOrFail({ id: magazine.id })).front?.image)).toBe('front')
  })

  it('keeps the row that it leaves, and its file', async () => {
    const magazine = await savedMagazine()

    await magazines.save(Object.assign(magazine, { front: null }))

    const fronts = await database.dataSource.manager.find(Front)
    expect(await textsOf(fronts.map(({ image }) => image))).toEqual(['front'])
  })
})
