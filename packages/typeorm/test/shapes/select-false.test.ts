import 'reflect-metadata'
import type { UploadedFile } from '@filedepot/core'
import { UploadedFileColumn } from '@filedepot/typeorm'
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals'
import { Column, Entity, PrimaryGeneratedColumn, type Repository } from 'typeorm'
import { textFile, textOf, textsOf } from '../support/contents.ts'
import { rolledBack } from '../support/rolled-back.ts'
import { TestDatabase } from '../support/test-database.ts'

/** Files that are loaded only where they are asked for. */
@Entity()
class Secret {
  @PrimaryGeneratedColumn()
  id!: number

  @Column({ type: 'varchar', length: 40, default: '' })
  title!: string

  @UploadedFileColumn({ select: false })
  file!: UploadedFile | null

  @UploadedFileColumn({ select: false, array: true })
  more!: UploadedFile[] | null
}

let database: TestDatabase
let secrets: Repository<Secret>

beforeEach(async () => {
  database = await TestDatabase.open([Secret])
  secrets = database.dataSource.getRepository(Secret)
})

afterEach(async () => {
  await database.expectFilesMatchRows()
  await database.close()
})

/** The id of a row with three files. */
async function savedId(): Promise<number> {
  const { id } = await secrets.save({ file: textFile('first'), more: [textFile('1'), textFile('2')] })
  return id
}

/** The row with its files. */
async function withFiles(id: number): Promise<Secret> {
  return await secrets
    .createQueryBuilder('secret')
    .addSelect(['secret.file', 'secret.more'])
    .where({ id })
    .getOneOrFail()
}

async function textsOfRow(id: number): Promise<(string | undefined)[]> {
  const { file, more } = await withFiles(id)
  return await textsOf([file, ...(more ?? [])])
}

describe('a file column with select: false', () => {
  it('is loaded where it is selected, with files that open', async () => {
    const id = await savedId()

    expect(await secrets.findOneByOrFail({ id })).not.toHaveProperty('file')
    expect(await textsOfRow(id)).toEqual(['first', '1', '2'])
  })

  it('gives up the file that is replaced, although TypeORM did not read it', async () => {
    const id = await savedId()

    await secrets.save({ id, file: textFile('second') })
    const secret = await secrets.findOneByOrFail({ id })
    secret.more = [textFile('3')]
    await secrets.save(secret)

    expect(await textsOfRow(id)).toEqual(['second', '3'])
    expect(await database.pathsOfFiles()).toHaveLength(2)
  })

  it('gives up its files where it is set to null', async () => {
    const id = await savedId()

    await secrets.save({ id, file: null, more: null })

    expect(await textsOfRow(id)).toEqual([undefined])
  })

  it('gives up its files with the row', async () => {
    const id = await savedId()

    await secrets.remove(await secrets.findOneByOrFail({ id }))

    expect(await database.pathsOfFiles()).toEqual([])
  })

  it('keeps its files where another column is saved, and the next save writes no NULL', async () => {
    const id = await savedId()
    const secret = await secrets.findOneByOrFail({ id })

    for (const title of ['first', 'second', 'third']) {
      secret.title = title
      await secrets.save(secret)
      expect([secret.file, secret.more]).toEqual([undefined, undefined])
    }

    expect(await textsOfRow(id)).toEqual(['first', '1', '2'])
  })

  it('keeps them also where it was selected by name', async () => {
    const id = await savedId()
    const secret = await withFiles(id)

    for (const title of ['first', 'second']) await secrets.save(Object.assign(secret, { title }))

    expect(await textsOfRow(id)).toEqual(['first', '1', '2'])
    expect(await textOf(secret.file)).toBe('first')
  })

  it('uploads nothing where the loaded value is saved again', async () => {
    const id = await savedId()
    const written = database.chaos.calls('write')

    const secret = await withFiles(id)
    await secrets.save(secret)
    await secrets.save(secret)

    expect(database.chaos.calls('write')).toBe(written)
    expect(await textsOfRow(id)).toEqual(['first', '1', '2'])
  })

  it('gets its value back after a rollback, and keeps the old file', async () => {
    const id = await savedId()
    const secret = await secrets.findOneByOrFail({ id })
    const pending = textFile('second')

    await rolledBack(database.dataSource, async (manager) => {
      await manager.save(Object.assign(secret, { file: pending }))
      await manager.remove(secrets.create({ id }))
    })

    expect(secret.file).toBe(pending)
    expect(await textsOfRow(id)).toEqual(['first', '1', '2'])
    await secrets.save(secret)
    expect(await textsOfRow(id)).toEqual(['second', '1', '2'])
  })

  it('does not put an old file back from an entity that was loaded before it was replaced', async () => {
    const id = await savedId()
    const stale = await withFiles(id)
    await secrets.save({ id, file: textFile('second') })

    await secrets.save(Object.assign(stale, { title: 'only the title' }))

    expect(await textsOfRow(id)).toEqual(['second', '1', '2'])
  })
})
