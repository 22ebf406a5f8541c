import 'reflect-metadata'
import type { UploadedFile } from '@filedepot/core'
import { UploadedFileColumn } from '@filedepot/typeorm'
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals'
import { BaseEntity, Column, Entity, PrimaryGeneratedColumn } from 'typeorm'
import { textFile, textOf, textsOf } from '../support/contents.ts'
import { rolledBack } from '../support/rolled-back.ts'
import { TestDatabase } from '../support/test-database.ts'

@Entity()
class Article extends BaseEntity {
  @PrimaryGeneratedColumn()
  id!: number

  @Column({ type: 'varchar', length: 40, unique: true })
  title!: string

  @UploadedFileColumn()
  picture!: UploadedFile | null
}

let database: TestDatabase

beforeEach(async () => {
  database = await TestDatabase.open([Article])
  Article.useDataSource(database.dataSource)
})

afterEach(async () => {
  await database.expectFilesMatchRows()
  await database.close()
})

async function savedArticle(title = 'a'): Promise<Article> {
  return await Article.create({ title, picture: textFile('first') }).save()
}

async function textsOfRows(): Promise<(string | undefined)[]> {
  return await textsOf((await Article.find({ order: { id: 'ASC' } })).map(({ picture }) => picture))
}

describe('an active record', () => {
  it('saves, replaces and removes its file by itself', async () => {
    const article = await savedArticle()
    expect(await textOf(article.picture)).toBe('first')

    article.picture = textFile('second')
    await article.save()
    expect(await textsOfRows()).toEqual(['second'])
    expect(await database.pathsOfFiles()).toHaveLength(1)

    await article.remove()
    expect(await database.pathsOfFiles()).toEqual([])
  })

  it('keeps its file through a reload', async () => {
    const article = await savedArticle()

    await article.reload()
    await article.save()

    expect(await textOf(article.picture)).toBe('first')
  })

  it('has static methods that do the same', async () => {
    const [one, two] = await Article.save([
      Article.create({ title: 'a', picture: textFile('one') }),
      Article.create({ title: 'b', picture: textFile('two') }),
    ])
    await Article.insert({ title: 'c', picture: textFile('three') })

    await Article.update(one!.id, { picture: textFile('new') })
    await Article.delete(two!.id)
    await Article.upsert({ title: 'c', picture: textFile('new three') }, ['title'])

    expect(await textsOfRows()).toEqual(['new', 'new three'])
    expect(await database.pathsOfFiles()).toHaveLength(2)
  })

  it('has query builders that do the same', async () => {
    const { id } = await savedArticle()

    await Article.createQueryBuilder()
      .update()
      .set({ picture: textFile('new') })
      .where({ id })
      .execute()
    expect(await textsOfRows()).toEqual(['new'])

    await Article.createQueryBuilder().delete().where({ id }).execute()
    expect(await database.pathsOfFiles()).toEqual([])
  })

  it('keeps its old file in a transaction that is rolled back', async () => {
    const article = await savedArticle()

    await rolledBack(database.dataSource, async (manager) => {
      await manager.save(Object.assign(article, { picture: textFile('second') }))
      await manager.withRepository(Article.getRepository()).remove(article)
    })

    expect(await textsOfRows()).toEqual(['first'])
  })
})
