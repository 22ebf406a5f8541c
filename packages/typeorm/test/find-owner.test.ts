import 'reflect-metadata'
import {
  MemoryBackend,
  UploadedFile,
  type FileContent,
  type ProcessedFile,
  type StoreFile,
} from '@filedepot/core'
import { findOwner, UploadedFileColumn } from '@filedepot/typeorm'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals'
import { Column, Entity, ManyToOne, PrimaryColumn, type Relation, type Repository } from 'typeorm'
import { textFile } from './support/contents.ts'
import { TestDatabase } from './support/test-database.ts'

/** Has a second file. */
class WithReceipt extends UploadedFile {
  override async process(content: FileContent, store: StoreFile): Promise<ProcessedFile> {
    const file = await store(content)
    await store(Buffer.from('receipt'), { filename: 'receipt.txt' })
    return { file }
  }
}

class Papers {
  @UploadedFileColumn() scan!: UploadedFile | null
}

@Entity()
class Parcel {
  @PrimaryColumn({ type: 'varchar', length: 20 }) shop!: string
  @PrimaryColumn({ type: 'int' }) number!: number
  @Column({ type: 'varchar', length: 20, default: 'ada' }) owner!: string
  @UploadedFileColumn({ type: WithReceipt }) label!: WithReceipt | null
  @UploadedFileColumn({ array: true, type: WithReceipt, storage: 'odd_%"\\ü' }) slips!: WithReceipt[] | null
  @UploadedFileColumn({ select: false }) secret!: UploadedFile | null
  @Column(() => Papers) papers!: Papers
  @ManyToOne(() => Parcel, { nullable: true }) before?: Relation<Parcel> | null
}

let database: TestDatabase
let parcels: Repository<Parcel>
let one: Parcel

beforeAll(async () => {
  database = await TestDatabase.open([Parcel])
  database.depot.configure('odd_%"\\ü', new MemoryBackend())
  parcels = database.dataSource.getRepository(Parcel)
})

beforeEach(async () => {
  one = await parcels.save(made(1))
  await parcels.save(made(2))
})

afterEach(() => database.endTest())

afterAll(() => database.close())

function made(number: number): Parcel {
  const label = WithReceipt.from(Buffer.from('label'), { filename: `"quoted" \\ % _ ü ${number}.txt` })
  const slips = ['a', 'b'].map((text) => WithReceipt.from(Buffer.from(text)))
  const papers = { scan: textFile('scan') }
  return parcels.create({ shop: 'a "shop"', number, label, slips, secret: textFile('secret'), papers })
}

const found = { shop: 'a "shop"', number: 1 }

describe('the row that has a file', () => {
  it('is found by the file, by one of several, and by what was derived from either', async () => {
    for (const path of one.label!.files) expect(await findOwner(parcels, 'label', path)).toMatchObject(found)
    for (const { files } of one.slips!) {
      expect(files).toHaveLength(2)
      for (const path of files) expect(await findOwner(parcels, 'slips', path)).toMatchObject(found)
    }
  })

  it('is found by a file of an embedded object, and of a column that is not selected', async () => {
    expect(await findOwner(parcels, 'papers.scan', one.papers.scan!.path)).toMatchObject(found)
    expect(await findOwner(parcels, 'secret', one.secret!.path)).toMatchObject(found)
  })

  it('is not found in another column, in another storage, or if there is none', async () => {
    const { path, id } = one.label!

    expect(await findOwner(parcels, 'slips', path)).toBeNull()
    expect(await findOwner(parcels, 'label', `attachments/${id}`)).toBeNull()
    expect(await findOwner(parcels, 'label', 'default/01890a5d-ac96-774b-bcce-b302099a8057')).toBeNull()
  })

  it('is one of those that are asked for, with what else is asked for', async () => {
    const { path } = one.label!
    await parcels.save(Object.assign(made(3), { before: { shop: one.shop, number: 1 } }))
    const third = await parcels.findOneByOrFail({ number: 3 })

    expect(await findOwner(parcels, 'label', path, { where: { owner: 'eve' } })).toBeNull()
    // Nobody may see a row, as for a user who is in no team.
    expect(await findOwner(parcels, 'label', path, { where: [] })).toBeNull()
    const either = [{ owner: 'eve' }, { owner: 'ada', number: 1 }]
    expect(await findOwner(parcels, 'label', path, { where: either })).toMatchObject(found)
    const related = await findOwner(parcels, 'label', third.label!.path, { relations: { before: true } })
    expect(related?.before).toMatchObject(found)
    const embedded = { papers: {}, owner: 'ada' }
    expect(await findOwner(parcels, 'papers.scan', one.papers.scan!.path, { where: embedded })).toMatchObject(
      found,
    )
  })

  it('is found within its transaction', async () => {
    await database.dataSource.transaction(async (manager) => {
      const repository = manager.getRepository(Parcel)
      const { label } = await repository.save(made(4))
      expect(await findOwner(repository, 'label', label!.path)).toMatchObject({ number: 4 })
    })
  })

  it('is none that only names the file, in its metadata or its name', async () => {
    const { path, id } = one.secret!
    const label = one.label!.with({
      filename: `${id}"`,
      metadata: { path, files: [path], of: { files: [path] } },
    })
    await parcels.save({ shop: one.shop, number: 1, label })

    expect(await findOwner(parcels, 'label', path)).toBeNull()
  })

  it('is found beside rows that hold something else', async () => {
    const { path, id } = one.label!
    const text = `{ "storage": "default", "files": ["default/${id}"`
    const other = one.slips![0]!
    await parcels.delete({ number: 2 })
    await database.dataSource.query(`UPDATE parcel SET slips = '${text}' WHERE number = 1`)
    await database.depot.deleteFiles([...other.files, ...one.slips![1]!.files])

    expect(await findOwner(parcels, 'slips', path)).toBeNull()

    expect(await findOwner(parcels, 'label', path)).toMatchObject(found)
    await parcels.delete({ number: 1 })
  })
})

describe('what findOwner is asked', () => {
  it('is about a file column of the entity, and a path', async () => {
    await expect(findOwner(parcels, 'owner' as never, one.label!.path)).rejects.toMatchObject({
      code: 'INVALID_ARGUMENT',
      message:
        'Expected property to be a file column of Parcel (label, slips, secret, papers.scan), got "owner" (string)',
    })
    await expect(findOwner(parcels, 'label', 'none')).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' })
    const where = { label: one.label! } as never
    await expect(findOwner(parcels, 'label', one.label!.path, { where })).rejects.toMatchObject({
      code: 'INVALID_ARGUMENT',
    })
  })
})
