import 'reflect-metadata'
import type { UploadedFile } from '@filedepot/core'
import { UploadedFileColumn } from '@filedepot/typeorm'
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals'
import {
  Entity,
  JoinColumn,
  ManyToOne,
  OneToOne,
  PrimaryColumn,
  PrimaryGeneratedColumn,
  type Relation,
} from 'typeorm'
import { textFile, textsOf } from '../support/contents.ts'
import { TestDatabase } from '../support/test-database.ts'

let database: TestDatabase

afterEach(async () => {
  await database.expectFilesMatchRows()
  await database.close()
})

@Entity()
class Book {
  @PrimaryGeneratedColumn()
  id!: number

  @OneToOne(() => Jacket, (jacket) => jacket.book, { cascade: true })
  jacket!: Relation<Jacket> | null
}

/** Its key is its book, and a number. */
@Entity()
class BookPage {
  @PrimaryColumn({ type: 'int' })
  bookId!: number

  @PrimaryColumn({ type: 'int' })
  place!: number

  @ManyToOne(() => Book, { onDelete: 'CASCADE' })
  @JoinColumn({ name: 'bookId' })
  book!: Relation<Book>

  @UploadedFileColumn()
  scan!: UploadedFile | null
}

/** Its key is that of its book. */
@Entity()
class Jacket {
  @PrimaryColumn({ type: 'int' })
  bookId!: number

  @OneToOne(() => Book, (book) => book.jacket, { onDelete: 'CASCADE' })
  @JoinColumn({ name: 'bookId' })
  book!: Relation<Book>

  @UploadedFileColumn()
  image!: UploadedFile | null
}

describe('rows whose key is a relation', () => {
  let book: Book

  beforeEach(async () => {
    database = await TestDatabase.open([Book, BookPage, Jacket])
    const { manager } = database.dataSource
    book = await manager.save(Book, { jacket: { image: textFile('jacket') } as Jacket })
    await manager.save(BookPage, [
      { book, place: 1, scan: textFile('one') },
      { bookId: book.id, place: 2, scan: textFile('two') },
    ])
  })

  async function texts(): Promise<(string | undefined)[]> {
    const { manager } = database.dataSource
    const pages = await manager.find(BookPage, { order: { place: 'ASC' } })
    const jackets = await manager.find(Jacket)
    return await textsOf([...pages.map(({ scan }) => scan), ...jackets.map(({ image }) => image)])
  }

  it('give up the files that are replaced', async () => {
    const { manager } = database.dataSource

    await manager.save(BookPage, { bookId: book.id, place: 2, scan: textFile('new two') })
    const loaded = await manager.findOneOrFail(Book, { where: { id: book.id }, relations: { jacket: true } })
    loaded.jacket!.image = textFile('new jacket')
    await manager.save(loaded)

    expect(await texts()).toEqual(['one', 'new two', 'new jacket'])
    expect(await database.pathsOfFiles()).toHaveLength(3)
  })

  it('give up their files when they are removed', async () => {
    const { manager } = database.dataSource

    await manager.remove(await manager.findOneByOrFail(BookPage, { place: 1 }))
    await manager.delete(BookPage, { book: { id: book.id } })

    expect(await texts()).toEqual(['jacket'])
  })

  it('go with what they are a part of, and so do their files', async () => {
    await database.dataSource.manager.delete(Book, book.id)

    expect(await database.pathsOfFiles()).toEqual([])
  })
})
