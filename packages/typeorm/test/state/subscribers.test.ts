import 'reflect-metadata'
import type { UploadedFile } from '@filedepot/core'
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals'
import type { Repository } from 'typeorm'
import { Document } from '../entities/document.ts'
import { ApplicationSubscriber, clearHooks, hooks } from '../support/application-subscriber.ts'
import { textFile, textOf } from '../support/contents.ts'
import { rolledBack } from '../support/rolled-back.ts'
import { StatementLog } from '../support/statement-log.ts'
import { TestDatabase } from '../support/test-database.ts'

let database: TestDatabase
let documents: Repository<Document>
const log = new StatementLog()

beforeEach(async () => {
  clearHooks()
  database = await TestDatabase.open([Document], {
    dataSource: { subscribers: [ApplicationSubscriber], logger: log },
  })
  documents = database.dataSource.getRepository(Document)
})

afterEach(async () => {
  await database.expectFilesMatchRows()
  await database.close()
})

/** A document with a file, loaded anew. */
async function savedDocument(): Promise<Document> {
  const { id } = await documents.save({ title: 'a', content: textFile('first') })
  log.takeWrites()
  return await documents.findOneByOrFail({ id })
}

async function textOfRow(id: number): Promise<string | undefined> {
  return await textOf((await documents.findOneByOrFail({ id })).content)
}

/** Sets a file, at once. */
const setFile = ({ entity }: { entity?: Partial<Document> | undefined }) => {
  entity!.content = textFile('of the subscriber')
}

describe('a subscriber of the application that sets a file', () => {
  it('in beforeInsert gives it to the row, also by criteria', async () => {
    hooks.beforeInsert = setFile

    const { id } = await documents.save({ title: 'a' })
    await documents.insert({ title: 'b' })

    expect(await textOfRow(id)).toBe('of the subscriber')
    expect(await textOf((await documents.findOneByOrFail({ title: 'b' })).content)).toBe('of the subscriber')
  })

  it('in beforeInsert puts it in the place of the one that the program has set, which is not uploaded', async () => {
    hooks.beforeInsert = setFile

    const { id } = await documents.save({ content: textFile('of the program') })

    expect(await textOfRow(id)).toBe('of the subscriber')
    expect(database.chaos.calls('write')).toBe(1)
  })

  it('in beforeUpdate gives it to the row, where the file column was not among those that changed', async () => {
    const document = await savedDocument()
    hooks.beforeUpdate = setFile

    await documents.save(Object.assign(document, { title: 'b' }))

    expect(await textOfRow(document.id)).toBe('of the subscriber')
    expect(await database.pathsOfFiles()).toHaveLength(1)
  })

  it('in beforeUpdate gives it to the row, where the file column was among those that changed', async () => {
    const document = await savedDocument()
    hooks.beforeUpdate = setFile

    await documents.save(Object.assign(document, { content: textFile('of the program') }))

    expect(await textOfRow(document.id)).toBe('of the subscriber')
    expect(database.chaos.calls('write')).toBe(2)
  })

  it('in beforeUpdate takes a file away', async () => {
    const document = await savedDocument()
    hooks.beforeUpdate = ({ entity }) => {
      entity!.content = null
    }

    await documents.save(Object.assign(document, { title: 'b' }))

    expect(await textOfRow(document.id)).toBeUndefined()
    expect(await database.pathsOfFiles()).toEqual([])
  })

  it('in beforeUpdate of an update by criteria that would touch no file is refused, and nothing happens', async () => {
    const { id } = await savedDocument()
    hooks.beforeUpdate = setFile

    const updating = documents.update(id, { title: 'b' })

    await expect(updating).rejects.toMatchObject({ code: 'NOT_SUPPORTED' })
    expect(await documents.findOneByOrFail({ id })).toMatchObject({ title: 'a' })
    expect(await textOfRow(id)).toBe('first')
  })

  it('gets it back after a rollback, as it is its file', async () => {
    const document = await savedDocument()
    const pending = textFile('of the subscriber')
    hooks.beforeUpdate = ({ entity }) => {
      entity!.content = pending
    }

    await rolledBack(database.dataSource, (manager) => manager.save(Object.assign(document, { title: 'b' })))

    expect(document.content).toBe(pending)
    expect(await textOfRow(document.id)).toBe('first')
  })
})

describe('a subscriber of the application that reverts the only change', () => {
  it('lets nothing happen: no UPDATE, no upload', async () => {
    const document = await savedDocument()
    const { content } = document
    hooks.beforeUpdate = ({ entity }) => {
      entity!.content = content
    }

    await documents.save(Object.assign(document, { content: textFile('reverted') }))

    expect(log.takeWrites()).toEqual([])
    expect(await textOfRow(document.id)).toBe('first')
    expect(database.chaos.calls('write')).toBe(1)
  })

  it('lets the old file be, where it was to go', async () => {
    const document = await savedDocument()
    hooks.beforeUpdate = ({ entity, databaseEntity }) => {
      entity!.content = databaseEntity.content
    }

    await documents.save(Object.assign(document, { content: null }))

    expect(log.takeWrites()).toEqual([])
    expect(await textOfRow(document.id)).toBe('first')
  })

  it('of another column lets the file change', async () => {
    const document = await savedDocument()
    hooks.beforeUpdate = ({ entity }) => {
      entity!.title = 'a'
    }

    await documents.save(Object.assign(document, { title: 'b', content: textFile('second') }))

    expect(await documents.findOneByOrFail({ id: document.id })).toMatchObject({ title: 'a' })
    expect(await textOfRow(document.id)).toBe('second')
  })
})

describe('a subscriber of the application sees', () => {
  /** What it saw: whether the value was pending, and what its file said. */
  const seen: (string | undefined)[] = []
  const see = async ({ entity }: { entity?: Partial<Document> | undefined }) => {
    const { content } = entity as { content: UploadedFile }
    seen.push(content.isPending ? 'pending' : await textOf(content))
  }

  beforeEach(() => {
    seen.length = 0
  })

  it('the pending value before, and the stored one after an INSERT and an UPDATE; its file opens', async () => {
    Object.assign(hooks, { beforeInsert: see, afterInsert: see, beforeUpdate: see, afterUpdate: see })

    const document = await documents.save(documents.create({ content: textFile('first') }))
    await documents.save(Object.assign(document, { content: textFile('second') }))

    expect(seen).toEqual(['pending', 'first', 'pending', 'second'])
  })

  it('the row as it was, in databaseEntity; its file opens', async () => {
    const texts: (string | undefined)[] = []
    hooks.beforeUpdate = async ({ databaseEntity }) => {
      texts.push(await textOf(databaseEntity.content))
    }
    hooks.beforeRemove = async ({ databaseEntity }) => {
      texts.push(await textOf(databaseEntity.content))
    }
    const document = await savedDocument()

    await documents.save(Object.assign(document, { content: textFile('second') }))
    await documents.remove(document)

    expect(texts).toEqual(['first', 'second'])
    expect(await database.pathsOfFiles()).toEqual([])
  })

  it('loaded values that open', async () => {
    const document = await savedDocument()
    const texts: Promise<string | undefined>[] = []
    hooks.afterLoad = ({ content }) => {
      texts.push(textOf(content))
    }

    await documents.findOneByOrFail({ id: document.id })

    expect(await Promise.all(texts)).toEqual(['first'])
  })
})

describe('a subscriber of the application that saves others', () => {
  it('in afterInsert gives them files in the same transaction', async () => {
    hooks.afterInsert = async ({ entity, manager }) => {
      if (entity.title === 'a') await manager.save(Document, { title: 'copy', content: entity.content })
    }

    await documents.save({ title: 'a', content: textFile('first') })
    await rolledBack(database.dataSource, (manager) =>
      manager.save(Document, { title: 'a', content: textFile('rolled back') }),
    )

    const rows = await documents.find({ order: { title: 'ASC' } })
    expect(await Promise.all(rows.map(({ content }) => textOf(content)))).toEqual(['first', 'first'])
    expect(await database.pathsOfFiles()).toHaveLength(2)
  })
})
