import 'reflect-metadata'
import type { UploadedFile } from '@filedepot/core'
import { UploadedFileColumn } from '@filedepot/typeorm'
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals'
import { Column, Entity, PrimaryGeneratedColumn, type Repository } from 'typeorm'
import { textFile, textOf, textsOf } from '../support/contents.ts'
import { rolledBack } from '../support/rolled-back.ts'
import { TestDatabase } from '../support/test-database.ts'

class Paperwork {
  @UploadedFileColumn()
  scan!: UploadedFile | null
}

@Entity()
class Sheet {
  @PrimaryGeneratedColumn()
  id!: number

  @Column({ type: 'varchar', length: 40, default: '' })
  title!: string

  @UploadedFileColumn()
  file!: UploadedFile | null

  @UploadedFileColumn({ array: true })
  more!: UploadedFile[] | null

  @Column(() => Paperwork)
  paperwork!: Paperwork
}

let database: TestDatabase
let sheets: Repository<Sheet>
let id: number

beforeEach(async () => {
  database = await TestDatabase.open([Sheet])
  sheets = database.dataSource.getRepository(Sheet)
  const saved = await sheets.save({
    file: textFile('first'),
    more: [textFile('1'), textFile('2')],
    paperwork: { scan: textFile('scan') },
  })
  id = saved.id
})

afterEach(async () => {
  await database.expectFilesMatchRows()
  await database.close()
})

async function textsOfRow(): Promise<(string | undefined)[]> {
  const { file, more, paperwork } = await sheets.findOneByOrFail({ id })
  return await textsOf([file, ...(more ?? []), paperwork.scan])
}

const whole = ['first', '1', '2', 'scan']

describe('an entity that was loaded in part', () => {
  it.each<[string, () => Promise<Sheet>]>([
    ['find', () => sheets.findOneOrFail({ select: { id: true, title: true }, where: { id } })],
    [
      'a query builder',
      () => sheets.createQueryBuilder('sheet').select(['sheet.id', 'sheet.title']).getOneOrFail(),
    ],
    ['an object with the id', () => Promise.resolve(sheets.create({ id }))],
  ])('keeps its files in every save: %s', async (_, load) => {
    const sheet = await load()

    for (const title of ['first', 'second', 'third']) await sheets.save(Object.assign(sheet, { title }))

    expect(await textsOfRow()).toEqual(whole)
    expect([sheet.file, sheet.more]).toEqual([undefined, undefined])
  })

  it('keeps the files that it lacks where it gets another', async () => {
    const sheet = await sheets.findOneOrFail({ select: { id: true, title: true }, where: { id } })

    sheet.file = textFile('second')
    await sheets.save(sheet)
    await sheets.save(Object.assign(sheet, { title: 'renamed' }))

    expect(await textsOfRow()).toEqual(['second', '1', '2', 'scan'])
    expect(await textOf(sheet.file)).toBe('second')
  })

  it('gives up a file that it lacks where null says so', async () => {
    const sheet = await sheets.findOneOrFail({ select: { id: true, title: true }, where: { id } })

    sheet.file = null
    await sheets.save(sheet)

    expect(await textsOfRow()).toEqual([undefined, '1', '2', 'scan'])
  })

  it('gives up all files with its row', async () => {
    await sheets.remove(await sheets.findOneOrFail({ select: { id: true }, where: { id } }))

    expect(await database.pathsOfFiles()).toEqual([])
  })

  it('gives up all files with its row also after it was saved', async () => {
    const sheet = await sheets.findOneOrFail({ select: { id: true, title: true }, where: { id } })

    await sheets.save(Object.assign(sheet, { title: 'renamed' }))
    await sheets.remove(sheet)

    expect(await database.pathsOfFiles()).toEqual([])
  })

  it('keeps its files where both saves are rolled back, and in the save after that', async () => {
    const sheet = await sheets.findOneOrFail({ select: { id: true, title: true }, where: { id } })

    await rolledBack(database.dataSource, async (manager) => {
      for (const title of ['first', 'second']) await manager.save(Object.assign(sheet, { title }))
    })
    await sheets.save(Object.assign(sheet, { title: 'third' }))

    expect(await textsOfRow()).toEqual(whole)
  })

  it('holds files that open where it was loaded with some of them', async () => {
    const sheet = await sheets.findOneOrFail({ select: { id: true, file: true }, where: { id } })

    expect(await textOf(sheet.file)).toBe('first')
    expect(sheet.more).toBeUndefined()
  })
})
