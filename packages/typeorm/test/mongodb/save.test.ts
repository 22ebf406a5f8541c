import 'reflect-metadata'
import { UploadedFile } from '@filedepot/core'
import { describe, expect, it } from '@jest/globals'
import { textFile, textOf, textsOf } from '../support/contents.ts'
import { Page, Scan, Cover } from './entities/page.ts'
import { onMongodb } from './support/mongo-database.ts'

const on = onMongodb([Page])
const pages = () => on.database.dataSource.getMongoRepository(Page)

describe('save of a new entity on MongoDB', () => {
  it('uploads its files, and puts them into the document as documents', async () => {
    const page = pages().create({ name: 'one', file: textFile('hello') })

    await pages().save(page)

    expect(page.file?.isPending).toBe(false)
    const [document] = await on.database.documents(Page)
    expect(document).toMatchObject({ name: 'one', file: page.file!.toJSON() })
    expect(await textOf(page.file)).toBe('hello')
  })

  it('loads', async () => {
    const notes = [textFile('a'), textFile('b')]
    const cover = Object.assign(new Cover(), { title: 'cover', picture: textFile('picture') })
    await pages().save(
      pages().create({
        name: 'one',
        file: textFile('hello'),
        scan: Scan.from(Buffer.from('s')),
        notes,
        cover,
      }),
    )

    const found = await pages().findOneByOrFail({ name: 'one' })
    expect(found.file).toBeInstanceOf(UploadedFile)
    expect(await textOf(found.file)).toBe('hello')
    expect(found.scan).toBeInstanceOf(Scan)
    expect(await textsOf(found.notes)).toEqual(['a', 'b'])
    expect(await textOf(found.cover?.picture)).toBe('picture')
  })

  it('replaces and removes', async () => {
    const page = await pages().save(
      pages().create({ name: 'one', file: textFile('hello'), notes: [textFile('a')] }),
    )
    const before = page.file!
    page.file = textFile('new')
    page.notes!.push(textFile('b'))
    await pages().save(page)
    expect(await on.database.exists(before)).toBe(false)
    expect(await textsOf((await pages().findOneByOrFail({ name: 'one' })).notes)).toEqual(['a', 'b'])
    await on.database.expectFilesMatchDocuments()
    await pages().remove(page)
    expect(await on.database.pathsOfFiles()).toEqual([])
  })
})
