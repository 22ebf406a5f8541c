import 'reflect-metadata'
import { allowExtensions, type UploadedFile } from '@filedepot/core'
import { UploadedFileColumn } from '@filedepot/typeorm'
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals'
import { Column, Entity, PrimaryGeneratedColumn, type Repository } from 'typeorm'
import { textFile, textOf, textsOf } from './support/contents.ts'
import { rolledBack } from './support/rolled-back.ts'
import { TestDatabase } from './support/test-database.ts'

@Entity()
class Leaflet {
  @PrimaryGeneratedColumn() id!: number
  @Column({ type: 'varchar', length: 40, default: '' }) title!: string
  @UploadedFileColumn({ validators: [allowExtensions('.txt')] }) content!: UploadedFile | null
  @UploadedFileColumn({ array: true }) pages!: UploadedFile[] | null
}

let database: TestDatabase
let leaflets: Repository<Leaflet>
let leaflet: Leaflet
let files: string[]

beforeEach(async () => {
  database = await TestDatabase.open([Leaflet])
  leaflets = database.dataSource.getRepository(Leaflet)
  const made = { content: textFile('hello', 'old.txt'), pages: [textFile('1'), textFile('2')] }
  const { id } = await leaflets.save(leaflets.create(made))
  leaflet = await leaflets.findOneByOrFail({ id })
  files = await database.pathsOfFiles()
})

afterEach(async () => {
  await database.expectFilesMatchRows()
  await database.close()
})

function renamed(): UploadedFile {
  return leaflet.content!.with({ filename: 'new.txt', metadata: { alt: 'a "text" in ünicode' } })
}

const inRow = () => leaflets.findOneByOrFail({ id: leaflet.id })

/** The ways in which a row gets the value. */
const WAYS: [string, (content: UploadedFile) => Promise<unknown>][] = [
  ['save', (content) => leaflets.save(Object.assign(leaflet, { content }))],
  ['save of an object', (content) => leaflets.save({ id: leaflet.id, content })],
  ['update', (content) => leaflets.update({ id: leaflet.id }, { content })],
  [
    'a query builder',
    (content) => leaflets.createQueryBuilder().update().set({ content }).where({ id: leaflet.id }).execute(),
  ],
  [
    'save in a transaction',
    (content) =>
      database.dataSource.transaction((manager) => manager.save(Leaflet, { id: leaflet.id, content })),
  ],
]

describe.each(WAYS)('a file under another name, by %s', (_, write) => {
  it('stays the file that it is', async () => {
    await write(renamed())

    const { content } = await inRow()
    expect(content).toMatchObject({
      path: leaflet.content?.path,
      filename: 'new.txt',
      metadata: { alt: 'a "text" in ünicode' },
    })
    expect(await textOf(content)).toBe('hello')
    expect(await database.pathsOfFiles()).toEqual(files)
  })

  it('is refused if the column allows no such name', async () => {
    await expect(write(leaflet.content!.with({ filename: 'new.exe' }))).rejects.toMatchObject({
      code: 'FILE_REFUSED',
    })

    expect((await inRow()).content?.filename).toBe('old.txt')
    expect(await database.pathsOfFiles()).toEqual(files)
  })
})

describe('a rename', () => {
  it('is undone by a rollback, and can be saved again', async () => {
    leaflet.content = renamed()

    await rolledBack(database.dataSource, (manager) => manager.save(leaflet))
    expect((await inRow()).content?.filename).toBe('old.txt')
    expect(await database.pathsOfFiles()).toEqual(files)

    await leaflets.save(leaflet)
    expect((await inRow()).content?.filename).toBe('new.txt')
    expect(await database.pathsOfFiles()).toEqual(files)
  })

  it('of one in a list leaves the others as they are', async () => {
    leaflet.pages = leaflet.pages!.map((page, index) =>
      index === 1 ? page.with({ filename: 'b.txt' }) : page,
    )
    await leaflets.save(leaflet)

    const { pages } = await inRow()
    expect(pages?.map(({ filename }) => filename)).toEqual(['note.txt', 'b.txt'])
    expect(await textsOf(pages)).toEqual(['1', '2'])
    expect(await database.pathsOfFiles()).toEqual(files)
  })

  it('of a file that was uploaded before its row is the name in the row', async () => {
    const uploaded = await database.depot.upload(textFile('new', 'a.txt'))

    const { id } = await leaflets.save({ content: uploaded.with({ filename: 'b.txt' }) })

    expect((await leaflets.findOneByOrFail({ id })).content).toMatchObject({
      path: uploaded.path,
      filename: 'b.txt',
    })
  })

  it('is not written over by an entity that was loaded before it', async () => {
    const stale = await inRow()
    await leaflets.save(Object.assign(leaflet, { content: renamed() }))

    await leaflets.save(Object.assign(stale, { title: 'other' }))

    expect((await inRow()).content?.filename).toBe('new.txt')
  })

  it('of the file of another row gives a copy with the name', async () => {
    const { id } = await leaflets.save({ content: renamed() })

    const { content } = await leaflets.findOneByOrFail({ id })
    expect(content?.path).not.toBe(leaflet.content?.path)
    expect(content?.filename).toBe('new.txt')
    expect((await inRow()).content?.filename).toBe('old.txt')
  })
})
