import 'reflect-metadata'
import { UploadedFile } from '@filedepot/core'
import { collectGarbage, verifyFiles } from '@filedepot/ledger'
import { fileRowsOf } from '@filedepot/typeorm'
import { describe, expect, it } from '@jest/globals'
import { setTimeout } from 'node:timers/promises'
import { textFile, textOf } from '../support/contents.ts'
import { Cover, Page } from './entities/page.ts'
import { onMongodb } from './support/mongo-database.ts'

const on = onMongodb([Page])
const pages = () => on.database.dataSource.getMongoRepository(Page)

describe('the files of a data source on MongoDB', () => {
  it('are verified against its documents: those that are missing, and those that no document has', async () => {
    const { dataSource, depot } = on.database
    const kept = await pages().save(pages().create({ name: 'kept', file: textFile('kept') }))
    const broken = await pages().save(pages().create({ name: 'broken', file: textFile('lost') }))
    await depot.get().delete(broken.file?.id ?? '')
    const stray = await depot.upload(textFile('stray'))
    await aMoment()

    const report = await verifyFiles(depot, fileRowsOf(dataSource), { grace: 0 })

    expect(report).toMatchObject({ dangling: 1, orphaned: 1, files: 2, values: 2 })
    expect(report.examples).toEqual(
      expect.arrayContaining([
        expect.objectContaining({ kind: 'orphaned', path: stray.path }),
        expect.objectContaining({ kind: 'dangling', path: broken.file?.path }),
      ]),
    )
    expect(await textOf(kept.file)).toBe('kept')
    await pages().delete(broken.id)
    await depot.deleteFiles([stray.path])
  })

  it('go if no document has them, also within embedded documents', async () => {
    const { dataSource, depot } = on.database
    await pages().save(
      pages().create({ name: 'kept', file: textFile('kept'), cover: coverWith(textFile('cover')) }),
    )
    const stray = await depot.upload(textFile('stray'))
    await aMoment()

    expect(await collectGarbage(depot, fileRowsOf(dataSource), { grace: 0 })).toMatchObject({
      orphaned: 1,
      deleted: 0,
    })
    const report = await collectGarbage(depot, fileRowsOf(dataSource), { grace: 0, delete: true })

    expect(report).toMatchObject({ dangling: 0, orphaned: 1, deleted: 1, failed: 0 })
    expect(await on.database.exists(stray)).toBe(false)
    await on.database.expectFilesMatchDocuments()
  })

  it('are read until the reader is told to stop', async () => {
    const { dataSource, depot } = on.database
    await pages().save(pages().create({ name: 'kept', file: textFile('kept') }))

    const verifying = verifyFiles(depot, fileRowsOf(dataSource), {
      signal: AbortSignal.abort(new Error('enough')),
    })

    await expect(verifying).rejects.toMatchObject({ code: 'ABORTED' })
  })
})

function coverWith(picture: UploadedFile): Cover {
  return Object.assign(new Cover(), { title: 'a cover', picture })
}

/** What was made in this very millisecond is no garbage yet. */
async function aMoment(): Promise<void> {
  await setTimeout(5)
}
