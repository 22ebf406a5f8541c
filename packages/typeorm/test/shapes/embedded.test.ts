import 'reflect-metadata'
import type { UploadedFile } from '@filedepot/core'
import { UploadedFileColumn } from '@filedepot/typeorm'
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals'
import { Column, Entity, PrimaryGeneratedColumn, type Repository } from 'typeorm'
import { brokenFile, textFile, textOf, textsOf } from '../support/contents.ts'
import { rolledBack } from '../support/rolled-back.ts'
import { TestDatabase } from '../support/test-database.ts'

class Scans {
  @UploadedFileColumn()
  front!: UploadedFile | null

  @UploadedFileColumn({ array: true })
  pages!: UploadedFile[] | null
}

class Papers {
  @Column(() => Scans)
  passport!: Scans

  @Column(() => Scans, { prefix: 'lic_' })
  licence!: Scans
}

/** Embeds the same papers twice, each of which embeds the same scans twice. */
@Entity()
class Driver {
  @PrimaryGeneratedColumn()
  id!: number

  @Column({ type: 'varchar', length: 40, default: '' })
  name!: string

  @Column(() => Papers)
  papers!: Papers

  @Column(() => Papers, { prefix: 'old_' })
  oldPapers!: Papers
}

let database: TestDatabase
let drivers: Repository<Driver>

beforeEach(async () => {
  database = await TestDatabase.open([Driver])
  drivers = database.dataSource.getRepository(Driver)
})

afterEach(async () => {
  await database.expectFilesMatchRows()
  await database.close()
})

/** A driver with a file in each of the embedded objects. */
async function savedDriver(): Promise<Driver> {
  const { id } = await drivers.save({
    papers: { passport: { front: textFile('passport') }, licence: { front: textFile('licence') } },
    oldPapers: {
      passport: { front: textFile('old passport') },
      licence: { front: textFile('old licence'), pages: [textFile('1'), textFile('2')] },
    },
  })
  return await drivers.findOneByOrFail({ id })
}

async function textsOfRow(id: number): Promise<(string | undefined)[]> {
  const { papers, oldPapers } = await drivers.findOneByOrFail({ id })
  return await textsOf(
    [papers, oldPapers].flatMap(({ passport, licence }) => [passport.front, licence.front]),
  )
}

describe('an embedded object, nested and prefixed twice', () => {
  it('keeps each file in a column of its own', async () => {
    const { id, oldPapers } = await savedDriver()

    expect(await textsOfRow(id)).toEqual(['passport', 'licence', 'old passport', 'old licence'])
    expect(await textsOf(oldPapers.licence.pages)).toEqual(['1', '2'])
    const [metadata] = database.dataSource.entityMetadatas
    expect(metadata?.columns.map(({ databaseName }) => databaseName)).toContain('old_lic_Pages')
  })

  it('gives up the file that is replaced, and no other', async () => {
    const driver = await savedDriver()

    driver.oldPapers.licence.front = textFile('new licence')
    await drivers.save(driver)

    expect(await textsOfRow(driver.id)).toEqual(['passport', 'licence', 'old passport', 'new licence'])
    expect(await database.pathsOfFiles()).toHaveLength(6)
  })

  it('puts the stored values into the objects that were saved', async () => {
    const driver = drivers.create({ papers: { passport: { front: textFile('passport') } } })
    const { papers } = driver

    await drivers.save(driver)

    expect(driver.papers).toBe(papers)
    expect(await textOf(papers.passport.front)).toBe('passport')
  })

  it('takes files of insert() and update()', async () => {
    const { identifiers } = await drivers.insert({ papers: { passport: { front: textFile('first') } } })
    const [{ id }] = identifiers as [{ id: number }]

    await drivers.update(id, { papers: { licence: { front: textFile('licence') } } })
    await drivers.update(id, { papers: { passport: { front: textFile('second') } } })

    expect(await textsOfRow(id)).toEqual(['second', 'licence', undefined, undefined])
    expect(await database.pathsOfFiles()).toHaveLength(2)
  })

  it('gives up the files of all columns with the row', async () => {
    await drivers.remove(await savedDriver())

    expect(await database.pathsOfFiles()).toEqual([])
  })

  it('gets its pending values back after a rollback, and keeps the old files', async () => {
    const driver = await savedDriver()
    const pending = textFile('new')
    driver.oldPapers.passport.front = pending

    await rolledBack(database.dataSource, (manager) => manager.save(driver))

    expect(driver.oldPapers.passport.front).toBe(pending)
    expect(await textsOfRow(driver.id)).toEqual(['passport', 'licence', 'old passport', 'old licence'])
    await drivers.save(driver)
    expect(await textsOfRow(driver.id)).toEqual(['passport', 'licence', 'new', 'old licence'])
  })

  it('is named in full by an error', async () => {
    const saving = drivers.save({ oldPapers: { licence: { front: brokenFile() } } })

    await expect(saving).rejects.toThrow('Driver.oldPapers.licence.front: ')
    expect(await drivers.count()).toBe(0)
  })
})

describe('an embedded object that is taken away', () => {
  it.each([
    ['null', null],
    ['undefined', undefined],
    ['an empty object', {}],
  ])('changes nothing, also when it is saved again: %s', async (_, papers) => {
    const driver = await savedDriver()

    Object.assign(driver, { name: 'first', papers })
    await drivers.save(driver)
    driver.name = 'second'
    await drivers.save(driver)

    expect((await drivers.findOneByOrFail({ id: driver.id })).name).toBe('second')
    expect(await textsOfRow(driver.id)).toEqual(['passport', 'licence', 'old passport', 'old licence'])
  })

  it('changes nothing in an object that is embedded itself', async () => {
    const driver = await savedDriver()

    Object.assign(driver.oldPapers, { licence: null })
    for (const name of ['first', 'second']) await drivers.save(Object.assign(driver, { name }))

    expect(await textsOfRow(driver.id)).toEqual(['passport', 'licence', 'old passport', 'old licence'])
  })

  it('gives up its files where each of them is set to null', async () => {
    const driver = await savedDriver()

    driver.oldPapers.licence = { front: null, pages: null }
    await drivers.save(driver)

    expect(await textsOfRow(driver.id)).toEqual(['passport', 'licence', 'old passport', undefined])
    expect(await database.pathsOfFiles()).toHaveLength(3)
  })
})
