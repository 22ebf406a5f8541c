import 'reflect-metadata'
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals'
import type { EntityTarget, Repository } from 'typeorm'
import {
  Binder,
  BoundPage,
  DeletedPage,
  HiddenPage,
  LoosePage,
  NumberedPage,
  StickyPage,
} from '../entities/binder.ts'
import { brokenFile, textFile, textOf } from '../support/contents.ts'
import { typeormVersion } from '../support/database-kind.ts'
import { TestDatabase } from '../support/test-database.ts'

let database: TestDatabase
let binders: Repository<Binder>

beforeAll(async () => {
  database = await TestDatabase.open([
    Binder,
    BoundPage,
    DeletedPage,
    HiddenPage,
    LoosePage,
    NumberedPage,
    StickyPage,
  ])
  binders = database.dataSource.getRepository(Binder)
})

afterEach(() => database.endTest())

afterAll(() => database.close())

const failure = new Error('rolled back on purpose')

type Kind = 'loose' | 'bound' | 'deleted' | 'hidden' | 'sticky'

/** A binder, loaded with its two pages of this kind. */
async function binderWith(kind: Kind | 'numbered'): Promise<Binder> {
  const pages = ['one', 'two'].map((text, index) => ({
    scan: textFile(text),
    ...(kind === 'numbered' && { chapter: 'intro', number: index }),
  }))
  const { id } = await binders.save(binders.create({ [kind]: pages }))
  return await binders.findOneOrFail({ where: { id }, relations: { [kind]: true } })
}

/** Takes the page that says `one` out of the binder. */
async function takeOut(binder: Binder, kind: Kind | 'numbered'): Promise<void> {
  const pages: { scan: Binder[Kind][number]['scan'] }[] = binder[kind]
  const texts = await Promise.all(pages.map(({ scan }) => textOf(scan)))
  pages.splice(texts.indexOf('one'), 1)
}

interface PageRow {
  scan: Binder[Kind][number]['scan']
}

async function textsOf(entity: EntityTarget<PageRow>): Promise<(string | undefined)[]> {
  const rows = await database.dataSource.getRepository(entity).find({ withDeleted: true })
  return (await Promise.all(rows.map(({ scan }) => textOf(scan)))).sort()
}

describe('a row that leaves its parent', () => {
  it('keeps its file where it is nullified, as is the default', async () => {
    const binder = await binderWith('loose')

    await takeOut(binder, 'loose')
    await binders.save(binder)

    expect(await textsOf(LoosePage)).toEqual(['one', 'two'])
    expect(await database.dataSource.manager.countBy(LoosePage, { binder: { id: binder.id } })).toBe(1)
  })

  if (typeormVersion === '0.3') {
    it('keeps its file where it would be nullified and cannot, which fails in TypeORM 0.3', async () => {
      const binder = await binderWith('bound')

      await takeOut(binder, 'bound')
      await expect(binders.save(binder)).rejects.toThrow(/null/i)

      expect(await textsOf(BoundPage)).toEqual(['one', 'two'])
    })
  } else {
    it('loses its file where it would be nullified and cannot, and so is deleted', async () => {
      const binder = await binderWith('bound')

      await takeOut(binder, 'bound')
      await binders.save(binder)

      expect(await textsOf(BoundPage)).toEqual(['two'])
      expect(await database.pathsOfFiles()).toHaveLength(1)
    })
  }

  it('loses its file where it is deleted', async () => {
    const binder = await binderWith('deleted')

    await takeOut(binder, 'deleted')
    await binders.save(binder)

    expect(await textsOf(DeletedPage)).toEqual(['two'])
    expect(await database.pathsOfFiles()).toHaveLength(1)
  })

  it('loses its file where it is deleted, and has a key of two columns', async () => {
    const binder = await binderWith('numbered')

    await takeOut(binder, 'numbered')
    await binders.save(binder)

    expect(await textsOf(NumberedPage)).toEqual(['two'])
    expect(await database.pathsOfFiles()).toHaveLength(1)
  })

  it('keeps its file where it is deleted softly', async () => {
    const binder = await binderWith('hidden')

    await takeOut(binder, 'hidden')
    await binders.save(binder)

    expect(await textsOf(HiddenPage)).toEqual(['one', 'two'])
    expect(await database.dataSource.manager.count(HiddenPage)).toBe(1)
  })

  it('keeps its file where nothing is done to it', async () => {
    const binder = await binderWith('sticky')

    await takeOut(binder, 'sticky')
    await binders.save(binder)

    expect(await textsOf(StickyPage)).toEqual(['one', 'two'])
    expect(await database.dataSource.manager.countBy(StickyPage, { binder: { id: binder.id } })).toBe(2)
  })
})

describe('orphans that are deleted', () => {
  it('lose their files where all leave at once', async () => {
    const binder = await binderWith('deleted')

    binder.deleted = []
    await binders.save(binder)

    expect(await database.pathsOfFiles()).toEqual([])
  })

  it('lose their files without listeners, too', async () => {
    const binder = await binderWith('deleted')

    await takeOut(binder, 'deleted')
    await binders.save(binder, { listeners: false })

    expect(await textsOf(DeletedPage)).toEqual(['two'])
    expect(await database.pathsOfFiles()).toHaveLength(1)
  })

  it('lose their files without a transaction, too', async () => {
    const binder = await binderWith('deleted')

    await takeOut(binder, 'deleted')
    await binders.save(binder, { transaction: false })

    expect(await textsOf(DeletedPage)).toEqual(['two'])
    expect(await database.pathsOfFiles()).toHaveLength(1)
  })

  it('keep their files where that is rolled back', async () => {
    const binder = await binderWith('deleted')

    const saving = database.dataSource.transaction(async (manager) => {
      await takeOut(binder, 'deleted')
      await manager.save(binder)
      throw failure
    })

    await expect(saving).rejects.toBe(failure)
    expect(await textsOf(DeletedPage)).toEqual(['one', 'two'])
  })

  it('keep their files where the upload for their successor fails', async () => {
    const binder = await binderWith('deleted')

    binder.deleted = [database.dataSource.manager.create(DeletedPage, { scan: brokenFile() })]

    await expect(binders.save(binder)).rejects.toMatchObject({ code: 'CONTENT_FAILED' })
    expect(await textsOf(DeletedPage)).toEqual(['one', 'two'])
  })

  it('make room for a successor in the same save', async () => {
    const binder = await binderWith('deleted')

    binder.deleted = [database.dataSource.manager.create(DeletedPage, { scan: textFile('three') })]
    await binders.save(binder)

    expect(await textsOf(DeletedPage)).toEqual(['three'])
    expect(await database.pathsOfFiles()).toHaveLength(1)
  })

  it('may hand their file on to their successor', async () => {
    const binder = await binderWith('deleted')
    const { scan } = binder.deleted[0]!
    const text = await textOf(scan)

    binder.deleted = [database.dataSource.manager.create(DeletedPage, { scan })]
    await binders.save(binder)

    expect(await textsOf(DeletedPage)).toEqual([text])
    expect(await database.pathsOfFiles()).toHaveLength(1)
  })

  it('leave nothing where the same save gives them a new file', async () => {
    const binder = await binderWith('deleted')
    const texts = await Promise.all(binder.deleted.map(({ scan }) => textOf(scan)))
    const [page] = binder.deleted.splice(texts.indexOf('one'), 1)
    page!.scan = textFile('new')

    await database.dataSource.manager.save([page!, binder])

    expect(await textsOf(DeletedPage)).toEqual(['two'])
    expect(await database.pathsOfFiles()).toHaveLength(1)
  })

  it('lose their files also where they go to another parent in the same save, which deletes them', async () => {
    const from = await binderWith('deleted')
    const to = await binders.save(binders.create({ deleted: [] }))

    to.deleted = from.deleted.splice(0, 1)
    await binders.save([to, from])

    expect(await database.dataSource.manager.count(DeletedPage)).toBe(1)
    expect(await database.pathsOfFiles()).toHaveLength(1)
  })

  it('keep their files where they go to another parent before', async () => {
    const from = await binderWith('deleted')
    const to = await binders.save(binders.create({ deleted: [] }))

    to.deleted = from.deleted.splice(0, 1)
    await binders.save(to)
    await binders.save(from)

    expect(await textsOf(DeletedPage)).toEqual(['one', 'two'])
  })
})
