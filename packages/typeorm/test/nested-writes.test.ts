import 'reflect-metadata'
import { MemoryBackend, UploadedFile, type FileContent, type StoreFile } from '@filedepot/core'
import { UploadedFileColumn } from '@filedepot/typeorm'
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals'
import { Readable } from 'node:stream'
import {
  BeforeInsert,
  BeforeRemove,
  Column,
  Entity,
  ManyToOne,
  PrimaryGeneratedColumn,
  type Relation,
} from 'typeorm'
import { Receipt } from './entities/receipt.ts'
import { textFile } from './support/contents.ts'
import { isOn } from './support/database-kind.ts'
import { TestDatabase } from './support/test-database.ts'

let database: TestDatabase

/** A write of the program through the outer repository, wherever it is called. */
async function note(number: string): Promise<void> {
  await database.dataSource.getRepository(Receipt).save({ number })
}

class Noting extends UploadedFile {
  override async process(content: FileContent, store: StoreFile) {
    await note('process')
    return await super.process(content, store)
  }
}

/** A storage that keeps its books in the database. */
class NotingBackend extends MemoryBackend {
  override async write(...args: Parameters<MemoryBackend['write']>): Promise<void> {
    await note('written')
    await super.write(...args)
  }

  override async delete(ids: readonly string[]) {
    await note('deleted')
    return await super.delete(ids)
  }
}

@Entity()
class Parcel {
  @PrimaryGeneratedColumn()
  id!: number

  @Column({ type: 'varchar', length: 80, default: '' })
  address!: string

  @UploadedFileColumn()
  label!: UploadedFile | null

  @UploadedFileColumn({ type: Noting })
  processed!: UploadedFile | null

  @UploadedFileColumn({ filters: [{ onSave: () => note('filter') }] })
  filtered!: UploadedFile | null

  @UploadedFileColumn({ validators: [() => note('validator')] })
  validated!: UploadedFile | null

  @UploadedFileColumn({ storage: 'noting' })
  noted!: UploadedFile | null
}

/** No files, and a listener. */
@Entity()
class Visit {
  @PrimaryGeneratedColumn()
  id!: number

  @BeforeInsert()
  async note(): Promise<void> {
    await note('listener')
  }

  @BeforeRemove()
  async noteRemoval(): Promise<void> {
    await note('listener of removal')
  }
}

/** A file and a listener. */
@Entity()
class Crate {
  @PrimaryGeneratedColumn()
  id!: number

  @UploadedFileColumn()
  label!: UploadedFile | null

  @BeforeInsert()
  async note(): Promise<void> {
    await note('listener')
  }
}

/** No files and no listener, but it takes a visit with it. */
@Entity()
class Tour {
  @PrimaryGeneratedColumn()
  id!: number

  @ManyToOne(() => Visit, { cascade: true, nullable: true })
  visit!: Relation<Visit> | null
}

beforeEach(async () => {
  // Deletions that hang are not to be outlived.
  database = await TestDatabase.open([Parcel, Visit, Crate, Tour, Receipt], { maxWait: 60_000 })
  database.depot.configure('noting', new NotingBackend())
})

afterEach(async () => {
  await database.expectFilesMatchRows()
  await database.close()
})

async function notes(): Promise<string[]> {
  const receipts = await database.dataSource.getRepository(Receipt).find({ order: { id: 'ASC' } })
  return receipts.map(({ number }) => number)
}

// On the one connection of SQLite each of these would wait for the save that waits for it.
describe('a write that is called within a save joins it', () => {
  it('from a listener of an entity without files', async () => {
    const visit = await database.dataSource.getRepository(Visit).save(new Visit())
    await database.dataSource.getRepository(Visit).remove(visit)

    expect(await notes()).toEqual(['listener', 'listener of removal'])
  })

  it('from a listener of an entity that a cascade reaches', async () => {
    await database.dataSource.getRepository(Tour).save({ visit: new Visit() })

    expect(await notes()).toEqual(['listener'])
  })

  it('from a listener that insert() runs', async () => {
    const crate = Object.assign(new Crate(), { label: textFile('x') })
    await database.dataSource.getRepository(Crate).insert(crate)

    expect(await notes()).toEqual(['listener'])
  })

  it('from a subscriber of the application', async () => {
    database.dataSource.subscribers.unshift({ listenTo: () => Parcel, afterInsert: () => note('subscriber') })

    await database.dataSource.getRepository(Parcel).save({ label: textFile('x') })

    expect(await notes()).toEqual(['subscriber'])
  })

  it.each([
    ['process() of an upload type', 'processed', 'process'],
    ['a filter', 'filtered', 'filter'],
    ['a validator', 'validated', 'validator'],
    ['a storage that writes', 'noted', 'written'],
  ])('from %s, in save(), insert() and update()', async (_, column, text) => {
    const parcels = database.dataSource.getRepository(Parcel)

    const { id } = await parcels.save({ [column]: Buffer.from('saved') })
    await parcels.insert({ [column]: Buffer.from('inserted') })
    await parcels.update({ id }, { [column]: Buffer.from('updated') })

    expect((await notes()).filter((number) => number !== 'deleted')).toEqual([text, text, text])
  })

  it('from a content that is read', async () => {
    const content = Readable.from(
      (async function* () {
        await note('content')
        yield Buffer.from('x')
      })(),
    )

    await database.dataSource.getRepository(Parcel).save({ label: UploadedFile.from(content) })

    expect(await notes()).toEqual(['content'])
  })

  it('from a storage that deletes after a commit and after a rollback', async () => {
    const parcels = database.dataSource.getRepository(Parcel)
    const parcel = await parcels.save({ noted: textFile('removed') })
    await parcels.remove(parcel)

    const failure = new Error('rolled back')
    const running = database.dataSource.transaction(async (manager) => {
      await manager.save(Parcel, { noted: textFile('rolled back') })
      throw failure
    })

    await expect(running).rejects.toBe(failure)
    expect(await notes()).toEqual(
      // On the one connection, what the storage notes within the transaction goes down with it.
      isOn('sqlite') ? ['written', 'deleted', 'deleted'] : ['written', 'deleted', 'written', 'deleted'],
    )
  })

  it('from a storage that deletes after delete(criteria) and clear()', async () => {
    const parcels = database.dataSource.getRepository(Parcel)
    await parcels.save([{ noted: textFile('deleted') }, { noted: textFile('cleared'), address: 'x' }])

    await parcels.delete({ address: '' })
    await parcels.clear()

    expect(await notes()).toEqual(['written', 'written', 'deleted', 'deleted'])
  })
})
