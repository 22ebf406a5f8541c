import { describe, expect, it } from '@jest/globals'
import { readFile, rename, rm, utimes, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { LocalBackend } from '../../../src/backends/local/local-backend.ts'
import { FileStorage } from '../../../src/storage/file-storage.ts'
import { failure } from '../../support/failure.ts'
import { temporaryFolders } from '../../support/temporary-folder.ts'

const temporaryFolder = temporaryFolders()
const LONG_AGO = new Date('2026-01-01T12:00:00Z')

/** A file that has been there for long, and another process that changes its metadata. */
async function oldFile({ networkMount = false } = {}) {
  const folder = await temporaryFolder()
  const files = new FileStorage('local', new LocalBackend(folder, { networkMount }))
  const id = await files.create(Buffer.from('hello'), { filename: 'one.txt', metadata: { a: '1' } })
  const path = join(folder, id.slice(0, 6), `${id}.json`)
  const text = await readFile(path, 'utf8')
  await utimes(path, LONG_AGO, LONG_AGO)
  /** In place, so that the system does not see it, or by a file that takes its place, as filedepot does it. */
  const change = async (name: string, time: Date, how: 'in place' | 'by a new file') => {
    const target = how === 'in place' ? path : `${path}.new`
    await writeFile(target, text.replace('one.txt', name))
    await utimes(target, time, time)
    if (how === 'by a new file') await rename(target, path)
  }
  const name = async () => (await files.get(id)).filename
  return { files, id, path, change, name }
}

describe('the metadata of a local file', () => {
  it('are read once while their file is the same', async () => {
    const { change, name } = await oldFile()

    const before = await name()
    await change('two.txt', LONG_AGO, 'in place')

    expect([before, await name()]).toEqual(['one.txt', 'one.txt'])
  })

  it('are read again where another file has taken the place of theirs, also of the same size and time', async () => {
    const { change, name } = await oldFile()
    const names = [await name()]

    await change('two.txt', LONG_AGO, 'by a new file')
    names.push(await name())
    await change('six.txt', new Date(LONG_AGO.getTime() + 1), 'in place')
    names.push(await name())
    await change('eleven.txt', LONG_AGO, 'in place')
    names.push(await name())

    expect(names).toEqual(['one.txt', 'two.txt', 'six.txt', 'eleven.txt'])
  })

  it('are read each time where their file is so new that a change might not show', async () => {
    const { change, name } = await oldFile()
    const now = new Date()

    await change('one.txt', now, 'in place')
    const before = await name()
    await change('two.txt', now, 'in place')

    expect([before, await name()]).toEqual(['one.txt', 'two.txt'])
  })

  it('are read each time on a network mount, where asking takes as long as reading', async () => {
    const { change, name } = await oldFile({ networkMount: true })

    const before = await name()
    await change('two.txt', LONG_AGO, 'in place')

    expect([before, await name()]).toEqual(['one.txt', 'two.txt'])
  })

  it('are forgotten with their file', async () => {
    const { files, id, path, name } = await oldFile()

    await name()
    await rm(path)

    expect(await failure(name())).toMatchObject({ code: 'FILE_NOT_FOUND' })
    expect(await files.exists(id)).toBe(false)
  })

  it('cannot be changed by whoever gets them', async () => {
    const { files, id } = await oldFile()

    const first = await files.get(id)
    const then = first.lastModified.getTime()
    first.lastModified.setTime(0)

    expect(() => Object.assign(first.metadata, { a: '2' })).toThrow(TypeError)
    const second = await files.get(id)
    expect(second.lastModified.getTime()).toBe(then)
    expect(second.metadata).toEqual({ a: '1' })
  })
})

describe('localPath', () => {
  it('is that of a file with the bytes as they are, until they are replaced', async () => {
    const folder = await temporaryFolder()
    const backend = new LocalBackend(folder)
    const files = new FileStorage('local', backend)
    const id = await files.create(Buffer.from('hello'))

    const before = await backend.localPath(id)
    const text = await readFile(before ?? '', 'utf8')
    await files.replace(id, Buffer.from('bye'))
    const after = await backend.localPath(id)
    await files.delete(id)

    expect(text).toBe('hello')
    expect(after).not.toBe(before)
    expect(await backend.localPath(id)).toBeUndefined()
  })
})
