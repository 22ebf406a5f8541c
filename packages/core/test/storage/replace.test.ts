import { describe, expect, it } from '@jest/globals'
import { LocalBackend } from '../../src/backends/local/local-backend.ts'
import { FileIntent } from '../../src/content/file-intent.ts'
import { FileStorage } from '../../src/storage/file-storage.ts'
import { GatedBackend } from '../support/backends.ts'
import { bytesOf } from '../support/bytes.ts'
import { failure } from '../support/failure.ts'
import { idsOf, memoryStorage } from '../support/storages.ts'
import { temporaryFolders } from '../support/temporary-folder.ts'

const temporaryFolder = temporaryFolders()
const MISSING = '01890a5d-ac96-774b-bcce-b302099a8057'

/** A storage with one file, `notes.md`. */
async function storageWithNotes() {
  const files = memoryStorage('docs')
  const id = await files.create(Buffer.from('old'), { filename: 'notes.md' })
  return { files, id }
}

describe('FileStorage.replace', () => {
  it('puts new bytes in place and keeps the id', async () => {
    const { files, id } = await storageWithNotes()
    const before = await files.get(id)

    const replaced = await files.replace(id, Buffer.from('the new bytes'))

    const after = await files.get(id)
    expect(replaced).toBe(id)
    expect(await after.text()).toBe('the new bytes')
    expect(after.size).toBe(13)
    expect(after.sha256).not.toBe(before.sha256)
    expect(await idsOf(files)).toEqual([id])
  })

  it('keeps the custom metadata with the name', async () => {
    const files = memoryStorage()
    const id = await files.create(Buffer.from('old'), { filename: 'a.txt', metadata: { author: 'Ada' } })

    await files.replace(id, Buffer.from('new'))

    expect(await files.get(id)).toMatchObject({ filename: 'a.txt', metadata: { author: 'Ada' } })
  })

  it('keeps the filename and the type where the content has no name', async () => {
    const files = memoryStorage()
    const id = await files.create(Buffer.from('old'), {
      filename: 'data.x',
      contentType: 'application/x-own',
    })

    await files.replace(id, Buffer.from('new'))

    expect(await files.get(id)).toMatchObject({ filename: 'data.x', contentType: 'application/x-own' })
  })

  it('takes the filename and the type of a content that has a name', async () => {
    const { files, id } = await storageWithNotes()

    await files.replace(id, new File(['a,b'], 'people.csv'))

    expect(await files.get(id)).toMatchObject({ filename: 'people.csv', contentType: 'text/csv' })
  })

  it('takes the filename that it is given', async () => {
    const { files, id } = await storageWithNotes()

    await files.replace(id, Buffer.from('a,b'), { filename: 'people.csv' })

    expect(await files.get(id)).toMatchObject({ filename: 'people.csv', contentType: 'text/csv' })
  })

  it('takes a type that it is given without a name, which DEPOT ignored', async () => {
    const { files, id } = await storageWithNotes()

    await files.replace(id, Buffer.from('a,b'), { contentType: 'text/csv' })

    expect(await files.get(id)).toMatchObject({ filename: 'notes.md', contentType: 'text/csv' })
  })

  it('takes the type of an intent without a name', async () => {
    const { files, id } = await storageWithNotes()

    await files.replace(id, new FileIntent(Buffer.from('a,b'), { contentType: 'text/csv' }))

    expect(await files.get(id)).toMatchObject({ filename: 'notes.md', contentType: 'text/csv' })
  })

  it('does not keep a type that the new bytes deny', async () => {
    const { files, id } = await storageWithNotes()

    await files.replace(id, Buffer.from('%PDF-1.7\n'))

    expect(await files.get(id)).toMatchObject({ filename: 'notes.md', contentType: 'application/pdf' })
  })

  it('lets a file that was taken before read the new bytes', async () => {
    const { files, id } = await storageWithNotes()
    const file = await files.get(id)

    await files.replace(file, Buffer.from('new'))

    expect(await file.text()).toBe('new')
  })

  it('needs a file to replace', async () => {
    const { files, id } = await storageWithNotes()

    const error = await failure(files.replace(MISSING, Buffer.from('new')))

    expect(error).toMatchObject({ code: 'FILE_NOT_FOUND', path: `docs/${MISSING}` })
    expect(await idsOf(files)).toEqual([id])
  })

  it('leaves the file where the new one is too large or refused', async () => {
    const { files, id } = await storageWithNotes()
    const refuse = () => {
      throw new Error('refused')
    }

    const tooLarge = await failure(files.replace(id, bytesOf(100), { maxSize: 50 }))
    await expect(files.replace(id, bytesOf(100), { validators: [refuse] })).rejects.toThrow('refused')

    expect(tooLarge.code).toBe('FILE_TOO_LARGE')
    expect(await (await files.get(id)).text()).toBe('old')
  })

  it('copies the bytes of another file under its own id', async () => {
    const { files, id } = await storageWithNotes()
    const other = await files.get(await files.create(Buffer.from('other'), { filename: 'other.txt' }))

    await files.replace(id, other)

    const file = await files.get(id)
    expect([file.filename, await file.text()]).toEqual(['other.txt', 'other'])
    expect(await other.text()).toBe('other')
  })
})

describe('replace(file, file)', () => {
  it('copies a file to another storage with its id, name, type and metadata', async () => {
    const source = memoryStorage('source')
    const backup = memoryStorage('backup')
    const options = { filename: 'a.x', contentType: 'application/x-own', metadata: { author: 'Ada' } }
    const file = await source.get(await source.create(bytesOf(100_000), options))

    const id = await backup.replace(file, file)

    const copy = await backup.get(id)
    expect(id).toBe(file.id)
    expect(copy).toMatchObject({ ...options, size: 100_000, sha256: file.sha256 })
    expect((await copy.bytes()).equals(bytesOf(100_000))).toBe(true)
    expect(await idsOf(source)).toEqual([id])
  })

  it('makes a backup of a whole storage, and again', async () => {
    const source = memoryStorage('source')
    const backup = memoryStorage('backup')
    for (let count = 0; count < 10; count++) await source.create(bytesOf(count), { filename: `${count}.bin` })

    for (let round = 0; round < 2; round++) {
      for await (const id of source.list()) {
        const file = await source.get(id)
        await backup.replace(file, file)
      }
    }

    expect(await idsOf(backup)).toEqual(await idsOf(source))
    for (const id of await idsOf(source)) {
      const [file, copy] = [await source.get(id), await backup.get(id)]
      expect([copy.filename, copy.sha256]).toEqual([file.filename, file.sha256])
    }
  })

  it('copies also to a storage that has the same name', async () => {
    const source = memoryStorage('default')
    const backup = memoryStorage('default')
    const file = await source.get(await source.create(Buffer.from('hello')))

    await backup.replace(file, file)

    expect(await (await backup.get(file.id)).text()).toBe('hello')
  })

  it.each<[string, () => Promise<FileStorage>]>([
    ['in memory', () => Promise.resolve(memoryStorage())],
    ['on disk', async () => new FileStorage('local', new LocalBackend(await temporaryFolder()))],
  ])('onto itself keeps the bytes, which DEPOT lost: %s', async (_, make) => {
    const files = await make()

    for (const size of [5, 300_000]) {
      const file = await files.get(await files.create(bytesOf(size), { filename: 'a.bin' }))

      const id = await files.replace(file, file)

      const after = await files.get(id)
      expect([id, after.filename, after.size]).toEqual([file.id, 'a.bin', size])
      expect((await after.bytes()).equals(bytesOf(size))).toBe(true)
    }
  })

  it('onto itself writes nothing, also under another name of the storage', async () => {
    const backend = new GatedBackend()
    backend.open()
    const files = new FileStorage('one', backend)
    const file = await files.get(await files.create(Buffer.from('hello')))

    await files.replace(file, file)
    await new FileStorage('two', backend).replace(file, file)

    expect(backend.begun).toBe(1)
    expect(await (await files.get(file.id)).text()).toBe('hello')
  })
})
