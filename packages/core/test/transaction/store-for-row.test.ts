import { describe, expect, it } from '@jest/globals'
import { storeForRow } from '../../src/transaction/store-for-row.ts'
import { discardUnowned } from '../../src/upload/ownership.ts'
import { readRowValue } from '../../src/upload/row-value.ts'
import { UploadedFile } from '../../src/upload/uploaded-file.ts'
import { MemoryBackend } from '../../src/backends/memory-backend.ts'
import { bytesOf } from '../support/bytes.ts'
import { memoryDepot, pathsOf } from '../support/storages.ts'

const TYPE = { type: UploadedFile }

describe('storeForRow', () => {
  it('uploads pending values and bare contents', async () => {
    const depot = memoryDepot()

    const pending = UploadedFile.from(bytesOf(1), { filename: 'a.bin' })
    const { file: one, uploads } = await storeForRow(depot, pending, TYPE)
    const { file: other } = await storeForRow(depot, bytesOf(2), TYPE)

    expect(uploads).toEqual(one.files)
    expect(one).toMatchObject({ isPending: false, filename: 'a.bin', size: 1 })
    expect(other).toMatchObject({ isPending: false, size: 2 })
    expect(await pathsOf(depot)).toEqual([one.path, other.path].sort())
  })

  it('shares the file of a stored value, also if a row has it already', async () => {
    const depot = memoryDepot()
    const file = await depot.upload(UploadedFile.from(bytesOf(1)))
    const ofRow = readRowValue(UploadedFile, JSON.stringify(file))

    expect(await storeForRow(depot, file, TYPE)).toMatchObject({ file, uploads: [], left: [] })
    expect((await storeForRow(depot, ofRow, TYPE)).file).toBe(ofRow)
    expect(await pathsOf(depot)).toEqual([file.path])
  })

  it('holds a stored value against the rules of the column, but for what the row holds', async () => {
    const depot = memoryDepot()
    const file = await depot.upload(UploadedFile.from(bytesOf(10)))

    await expect(storeForRow(depot, file, { ...TYPE, maxSize: 5 })).rejects.toMatchObject({
      code: 'FILE_TOO_LARGE',
    })
    const { file: stored } = await storeForRow(depot, file, { ...TYPE, maxSize: 5, current: [file] })
    expect(stored).toBe(file)
  })

  it('copies into the storage of the column, and from another depot, and leaves the originals', async () => {
    const depot = memoryDepot()
    depot.configure('photos', new MemoryBackend())
    const file = await depot.upload(UploadedFile.from(bytesOf(1)))
    const other = memoryDepot()
    const theirs = await other.upload(UploadedFile.from(bytesOf(2)))

    const { file: moved, left } = await storeForRow(depot, file, { ...TYPE, storage: 'photos' })
    const { file: copied } = await storeForRow(depot, theirs, TYPE)

    expect(left).toEqual(file.files)
    expect(moved.storage).toBe('photos')
    expect(await pathsOf(depot)).toEqual([file.path, moved.path, copied.path].sort())
    expect(await pathsOf(other)).toEqual([theirs.path])
  })

  it('copies what a row has that another ledger counts, or none', async () => {
    const depot = memoryDepot()
    const [ours, theirs] = [{}, {}]
    const { file } = await storeForRow(depot, bytesOf(1), { ...TYPE, books: ours })
    const ofNone = readRowValue(UploadedFile, JSON.stringify(file))

    const { file: shared } = await storeForRow(depot, file, { ...TYPE, books: ours })
    const { file: copied, uploads, left } = await storeForRow(depot, file, { ...TYPE, books: theirs })
    const { file: another } = await storeForRow(depot, ofNone, { ...TYPE, books: ours })

    expect(shared).toBe(file)
    expect([uploads, left]).toEqual([copied.files, []])
    expect(await pathsOf(depot)).toEqual([file.path, copied.path, another.path].sort())
  })

  it('gives a value back when none of the rows gets it that were to share it', async () => {
    const depot = memoryDepot()
    const file = await depot.upload(UploadedFile.from(bytesOf(1)))
    const [one, other] = [await storeForRow(depot, file, TYPE), await storeForRow(depot, file, TYPE)]
    let isRemoved = false
    await discardUnowned(file, async () => {
      isRemoved = true
      await depot.deleteFiles(file.files)
    })

    one.undo()
    expect(isRemoved).toBe(false)
    other.undo()

    expect(isRemoved).toBe(true)
  })

  it('refuses what comes from JSON, unless the row holds its file', async () => {
    const depot = memoryDepot()
    const file = await depot.upload(UploadedFile.from(bytesOf(1)))
    const forged = UploadedFile.fromJSON(JSON.parse(JSON.stringify(file)))

    await expect(storeForRow(depot, forged, TYPE)).rejects.toMatchObject({ code: 'INVALID_CONTENT' })
    expect((await storeForRow(depot, forged, { ...TYPE, current: [file] })).file).toBe(file)
  })

  it('refuses what was discarded, and another type', async () => {
    class Photo extends UploadedFile {}
    const depot = memoryDepot()
    const file = await depot.upload(UploadedFile.from(bytesOf(1)))
    await discardUnowned(file, () => depot.deleteFiles(file.files))

    await expect(storeForRow(depot, file, TYPE)).rejects.toMatchObject({ code: 'FILE_DISCARDED' })
    await expect(storeForRow(depot, UploadedFile.from(bytesOf(1)), { type: Photo })).rejects.toMatchObject({
      code: 'WRONG_UPLOAD_TYPE',
    })
    expect(await pathsOf(depot)).toEqual([])
  })
})
