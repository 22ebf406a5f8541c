import 'reflect-metadata'
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals'
import type { Repository } from 'typeorm'
import { Document } from '../entities/document.ts'
import { ApplicationSubscriber, clearHooks, hooks } from '../support/application-subscriber.ts'
import { brokenFile, textFile, textOf } from '../support/contents.ts'
import { TestDatabase } from '../support/test-database.ts'

let database: TestDatabase
let documents: Repository<Document>

beforeEach(async () => {
  clearHooks()
  database = await TestDatabase.open([Document], { dataSource: { subscribers: [ApplicationSubscriber] } })
  documents = database.dataSource.getRepository(Document)
})

afterEach(async () => {
  clearHooks()
  await database.expectFilesMatchRows()
  await database.close()
})

/** A document with a file, loaded anew. */
async function savedDocument(): Promise<Document> {
  const { id } = await documents.save({ content: textFile('first') })
  return await documents.findOneByOrFail({ id })
}

async function textOfRow(id: number): Promise<string | undefined> {
  return await textOf((await documents.findOneByOrFail({ id })).content)
}

describe('a subscriber of the application that fails', () => {
  const failure = new Error('of the subscriber')
  const fail = () => {
    throw failure
  }

  it.each<[string, keyof typeof hooks, () => Promise<void> | void]>([
    ['beforeInsert, at once', 'beforeInsert', fail],
    ['beforeInsert, later', 'beforeInsert', () => Promise.reject(failure)],
    ['afterInsert, at once', 'afterInsert', fail],
    ['afterInsert, later', 'afterInsert', () => Promise.reject(failure)],
  ])('in %s leaves neither row nor file, and the pending value in its place', async (_, name, hook) => {
    hooks[name] = hook
    const document = documents.create({ content: textFile('first') })
    const { content } = document

    await expect(documents.save(document)).rejects.toBe(failure)

    expect(await documents.count()).toBe(0)
    expect(await database.pathsOfFiles()).toEqual([])
    expect(document.content).toBe(content)
  })

  it.each<[string, keyof typeof hooks]>([
    ['beforeUpdate', 'beforeUpdate'],
    ['afterUpdate', 'afterUpdate'],
  ])('in %s leaves the old file', async (_, name) => {
    const document = await savedDocument()
    hooks[name] = fail

    const saving = documents.save(Object.assign(document, { content: textFile('second') }))

    await expect(saving).rejects.toBe(failure)
    expect(await textOfRow(document.id)).toBe('first')
    expect(await database.pathsOfFiles()).toHaveLength(1)
  })

  it('in beforeRemove leaves row and file', async () => {
    const document = await savedDocument()
    const { id } = document
    hooks.beforeRemove = fail

    await expect(documents.remove(document)).rejects.toBe(failure)

    expect(await textOfRow(id)).toBe('first')
  })

  it('while an upload fails too leaves nothing, and no rejection that nobody handles', async () => {
    hooks.beforeInsert = fail

    const saving = documents.save([{ content: textFile('first') }, { content: brokenFile() }])

    await expect(saving).rejects.toBe(failure)
    expect(await documents.count()).toBe(0)
  })
})
