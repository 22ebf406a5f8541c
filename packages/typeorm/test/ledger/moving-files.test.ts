import 'reflect-metadata'
import {
  DepotManager,
  MemoryBackend,
  UploadedFile,
  type FileContent,
  type ProcessedFile,
  type StoreFile,
} from '@filedepot/core'
import { attachDepot, ledgerOf, regenerateFiles, UploadedFileColumn } from '@filedepot/typeorm'
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals'
import { Column, DataSource, Entity, PrimaryGeneratedColumn } from 'typeorm'
import { textFile } from '../support/contents.ts'
import { dataSourceOptions } from '../support/data-source-options.ts'

/** A type with a second file, whose recipe changes. */
class WithNote extends UploadedFile {
  static note = 'old'

  override async process(content: FileContent, store: StoreFile): Promise<ProcessedFile> {
    const file = await store(content)
    const note = await store(Buffer.from(WithNote.note), { filename: 'note.txt' })
    return { file, metadata: { note: note.id } }
  }
}

@Entity()
class Scan {
  @PrimaryGeneratedColumn() id!: number
  @Column({ default: '' }) title!: string
  @UploadedFileColumn({ type: WithNote }) page!: UploadedFile | null
  @UploadedFileColumn({ array: true, name: 'extra_pages' }) extras!: UploadedFile[] | null
}

let dataSource: DataSource
let depot: DepotManager

beforeEach(async () => {
  WithNote.note = 'old'
  depot = new DepotManager()
  depot.configure('disk', new MemoryBackend())
  depot.configure('cloud', new MemoryBackend())
  const options = await dataSourceOptions({ entities: [Scan] })
  dataSource = attachDepot(new DataSource(options), depot, { ledger: { drain: false } })
  await dataSource.initialize()
})

afterEach(async () => {
  await depot.close()
  await dataSource.destroy()
})

async function textsOf(file: UploadedFile | null | undefined): Promise<string[]> {
  return await Promise.all((file?.files ?? []).map(async (path) => await (await depot.getFile(path)).text()))
}

describe('the ledger of a data source', () => {
  it('moves the files of entities, and an entity of before can be saved', async () => {
    const scans = dataSource.getRepository(Scan)
    const { id } = await scans.save({
      page: WithNote.from(Buffer.from('a'), { filename: 'a.txt' }),
      extras: [textFile('b'), textFile('c')],
    })
    const before = await scans.findOneByOrFail({ id })
    const ledger = ledgerOf(dataSource)

    expect(await ledger.moveFiles({ from: 'disk', to: 'cloud' })).toMatchObject({
      changed: 2,
      files: 4,
      left: 0,
    })

    const { page, extras } = await scans.findOneByOrFail({ id })
    expect(page?.storage).toBe('cloud')
    expect([await textsOf(page), await textsOf(extras?.[0]), await textsOf(extras?.[1])]).toEqual([
      ['a', 'old'],
      ['b'],
      ['c'],
    ])
    // The row may take the old files back; then they are moved once more.
    before.title = 'changed'
    await scans.save(before)
    await ledger.drain()
    await ledger.moveFiles({ from: 'disk', to: 'cloud' })
    const after = await scans.findOneByOrFail({ id })
    expect([after.title, after.page?.storage, await textsOf(after.page)]).toEqual([
      'changed',
      'cloud',
      ['a', 'old'],
    ])
    expect(await ledger.verify({ hash: true })).toMatchObject({ dangling: 0, changed: 0 })
  })

  it('makes the derived files of a column anew', async () => {
    const scans = dataSource.getRepository(Scan)
    const { id, page } = await scans.save({
      page: WithNote.from(Buffer.from('a'), { filename: 'a.txt' }),
      extras: [textFile('b')],
    })
    WithNote.note = 'new'

    const report = await regenerateFiles(dataSource, { entity: 'Scan', property: 'page' })

    expect(report).toMatchObject({ changed: 1, left: 0 })
    const after = await scans.findOneByOrFail({ id })
    expect(after.page?.path).toBe(page.path)
    expect(await textsOf(after.page)).toEqual(['a', 'new'])
    await expect(regenerateFiles(dataSource, { entity: 'Scan', property: 'title' })).rejects.toMatchObject({
      code: 'INVALID_ARGUMENT',
      message: expect.stringContaining('Scan.page, Scan.extras') as unknown,
    })
  })
})
