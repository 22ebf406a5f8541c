import 'reflect-metadata'
import { DepotManager, LocalBackend } from '@filedepot/core'
import { attachDepot } from '@filedepot/typeorm'
import { expect, it, jest } from '@jest/globals'
import { AsyncLocalStorage } from 'node:async_hooks'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DataSource } from 'typeorm'
import { Document } from './entities/document.ts'
import { textFile, textOf } from './support/contents.ts'

// In a file of its own, as it is about the first files of a process.
it('small files on a local disk need no asynchronous context, which would slow every promise down', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'filedepot-'))
  const depot = new DepotManager()
  depot.configure('default', new LocalBackend(folder))
  const options = { type: 'better-sqlite3', database: ':memory:', synchronize: true } as const
  const dataSource = await attachDepot(
    new DataSource({ ...options, entities: [Document] }),
    depot,
  ).initialize()
  const run = jest.spyOn(AsyncLocalStorage.prototype, 'run')

  const documents = ['a', 'b', 'c'].map((title) =>
    dataSource.manager.create(Document, { title, content: textFile(title) }),
  )
  await dataSource.manager.save(documents)

  expect(run).not.toHaveBeenCalled()
  expect(await Promise.all(documents.map(({ content }) => textOf(content)))).toEqual(['a', 'b', 'c'])
  await dataSource.destroy()
  await rm(folder, { recursive: true })
})
