import 'reflect-metadata'
import type { UploadedFile } from '@filedepot/core'
import { UploadedFileColumn, uploadedFileColumn } from '@filedepot/typeorm'
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals'
import { Column, Entity, EntitySchema, PrimaryGeneratedColumn, type Repository } from 'typeorm'
import { textFile, textOf } from '../support/contents.ts'
import { typeormVersion } from '../support/database-kind.ts'
import { StatementLog } from '../support/statement-log.ts'
import { TestDatabase } from '../support/test-database.ts'

@Entity()
class Certificate {
  @PrimaryGeneratedColumn()
  id!: number

  @Column({ type: 'varchar', length: 40, unique: true })
  title!: string

  /** Stays as it was first. */
  @UploadedFileColumn({ update: false })
  original!: UploadedFile | null

  /** Comes later. */
  @UploadedFileColumn({ insert: false })
  stamped!: UploadedFile | null
}

let database: TestDatabase
let certificates: Repository<Certificate>
const log = new StatementLog()

beforeEach(async () => {
  database = await TestDatabase.open([Certificate], { dataSource: { logger: log } })
  certificates = database.dataSource.getRepository(Certificate)
})

afterEach(async () => {
  await database.expectFilesMatchRows()
  await database.close()
})

async function savedCertificate(): Promise<Certificate> {
  const { id } = await certificates.save({ title: 'a', original: textFile('original') })
  return await certificates.findOneByOrFail({ id })
}

describe('a file column with update: false', () => {
  it('takes a file with the row', async () => {
    const { original } = await savedCertificate()

    expect(await textOf(original)).toBe('original')
  })

  it('uploads nothing for a row that is there, and sends no statement', async () => {
    const certificate = await savedCertificate()
    log.takeWrites()

    certificate.original = textFile('forged')
    await certificates.save(certificate)

    expect(log.takeWrites()).toEqual([])
    expect(database.chaos.calls('write')).toBe(1)
    expect(await textOf((await certificates.findOneByOrFail({ title: 'a' })).original)).toBe('original')
  })

  it('uploads nothing for a row that is there, where another column changes too', async () => {
    const certificate = await savedCertificate()

    Object.assign(certificate, { title: 'b', original: textFile('forged') })
    await certificates.save(certificate)

    expect(database.chaos.calls('write')).toBe(1)
    expect(await textOf((await certificates.findOneByOrFail({ title: 'b' })).original)).toBe('original')
  })

  it('uploads nothing for an update by criteria', async () => {
    const { id } = await savedCertificate()

    await certificates.update(id, { title: 'b', original: textFile('forged') })

    expect(database.chaos.calls('write')).toBe(1)
    expect(await textOf((await certificates.findOneByOrFail({ title: 'b' })).original)).toBe('original')
  })

  it('does not give up its file to null', async () => {
    const certificate = await savedCertificate()

    await certificates.save(Object.assign(certificate, { title: 'b', original: null }))
    await certificates.update(certificate.id, { title: 'c', original: null })

    expect(await textOf((await certificates.findOneByOrFail({ title: 'c' })).original)).toBe('original')
  })

  it('does as TypeORM does in an upsert, and leaves no file too many', async () => {
    await savedCertificate()

    await certificates.upsert({ title: 'a', original: textFile('upserted') }, ['title'])

    // Version 0.3 overwrites the column all the same.
    const text = typeormVersion === '0.3' ? 'upserted' : 'original'
    expect(await textOf((await certificates.findOneByOrFail({ title: 'a' })).original)).toBe(text)
    expect(await database.pathsOfFiles()).toHaveLength(1)
  })

  it('gives up its file with the row', async () => {
    await certificates.remove(await savedCertificate())

    expect(await database.pathsOfFiles()).toEqual([])
  })
})

describe('a file column with insert: false', () => {
  it('uploads nothing with the INSERT, also by criteria', async () => {
    await certificates.save({ title: 'a', stamped: textFile('too early') })
    await certificates.insert({ title: 'b', stamped: textFile('too early') })

    expect(database.chaos.calls('write')).toBe(0)
    expect(await certificates.find()).toMatchObject([{ stamped: null }, { stamped: null }])
  })

  it('takes its first file with an update', async () => {
    const certificate = await savedCertificate()

    certificate.stamped = textFile('stamped')
    await certificates.save(certificate)

    expect(await textOf((await certificates.findOneByOrFail({ title: 'a' })).stamped)).toBe('stamped')
  })

  it('uploads with the next save what was left out of the first', async () => {
    const certificate = certificates.create({ title: 'a', stamped: textFile('stamped') })
    await certificates.save(certificate)

    await certificates.save(certificate)

    expect(await textOf((await certificates.findOneByOrFail({ title: 'a' })).stamped)).toBe('stamped')
  })
})

describe('an EntitySchema', () => {
  it('takes both options', async () => {
    const Stamp = new EntitySchema<{ id: number; image: UploadedFile | null; print: UploadedFile | null }>({
      name: 'stamp',
      columns: {
        id: { type: Number, primary: true, generated: true },
        image: uploadedFileColumn({ update: false }),
        print: uploadedFileColumn({ insert: false }),
      },
    })
    await database.close()
    database = await TestDatabase.open([Stamp])
    const stamps = database.dataSource.getRepository(Stamp)

    const { id } = await stamps.save({ image: textFile('first'), print: textFile('not written') })
    await stamps.save({ id, image: textFile('not written') })

    const stamp = await stamps.findOneByOrFail({ id })
    expect([await textOf(stamp.image), stamp.print]).toEqual(['first', null])
    expect(database.chaos.calls('write')).toBe(1)
  })
})
