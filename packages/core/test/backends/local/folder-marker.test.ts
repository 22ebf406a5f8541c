import { describe, expect, it } from '@jest/globals'
import { mkdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { LocalBackend } from '../../../src/backends/local/local-backend.ts'
import type { LocalBackendOptions } from '../../../src/backends/local/local-backend-options.ts'
import { newFileId } from '../../../src/file-id.ts'
import { FileStorage } from '../../../src/storage/file-storage.ts'
import { bytesOf } from '../../support/bytes.ts'
import { failure } from '../../support/failure.ts'
import { treeOf } from '../../support/folders.ts'
import { Source } from '../../support/sources.ts'
import { idsOf } from '../../support/storages.ts'
import { temporaryFolders } from '../../support/temporary-folder.ts'

const temporaryFolder = temporaryFolders()

const MARKER = '.depot'
const EVERY: LocalBackendOptions[] = [{}, { networkMount: true }, { fsync: true }, { pythonDepot: true }]

const storage = (folder: string, options?: LocalBackendOptions): FileStorage =>
  new FileStorage('local', new LocalBackend(folder, options))

const wait = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 40))

describe('the folder of a storage', () => {
  it.each(EVERY)('gets a marker when it is first used, which is no file: %j', async (options) => {
    const folder = join(await temporaryFolder(), 'a', 'b')
    const files = storage(folder, options)

    const id = await files.create(bytesOf(5))

    const marker = JSON.parse(await readFile(join(folder, MARKER), 'utf8')) as object
    expect(marker).toEqual({
      format: 1,
      storage: expect.stringMatching(/^[0-9a-f-]{36}$/),
      createdAt: expect.stringMatching(/^\d{4}-\d\d-\d\dT/),
    })
    expect(await idsOf(files)).toEqual([id])
  })

  it('gets one marker, however many make it', async () => {
    const folder = join(await temporaryFolder(), 'files')
    const storages = Array.from({ length: 8 }, () => storage(folder, { networkMount: true }))

    const ids = await Promise.all(storages.map((files) => files.create(bytesOf(5))))

    for (const files of storages) expect(await idsOf(files)).toEqual([...ids].sort())
    expect((await treeOf(folder)).filter((path) => path.startsWith('.'))).toEqual([])
  })

  it('that has files already gets one with the next write', async () => {
    const folder = await temporaryFolder()
    const old = storage(folder)
    const id = await old.create(bytesOf(5))
    await rm(join(folder, MARKER))

    const files = storage(folder)
    expect(await files.exists(id)).toBe(true)
    await files.create(bytesOf(5))

    expect((await stat(join(folder, MARKER))).isFile()).toBe(true)
  })
})

describe.each(EVERY)('a disk that is unmounted: %j', (options) => {
  it.each([
    ['nothing', undefined],
    ['an empty mount point', 'empty'],
    ['an older folder', 'older'],
    ['the folder of another storage', 'other'],
  ])('refuses everything while there is %s, and works again when it is back', async (_, instead) => {
    const folder = join(await temporaryFolder(), 'files')
    const aside = `${folder}-aside`
    const files = storage(folder, options)
    const [kept, alsoKept] = [await files.create(bytesOf(5)), await files.create(bytesOf(100_000))]
    await rename(folder, aside)
    if (instead !== undefined) await mkdir(folder)
    if (instead === 'older') await mkdir(join(folder, newFileId().slice(0, 6)))
    if (instead === 'other') await storage(folder).create(bytesOf(1))
    await wait()
    const before = instead === undefined ? [] : await treeOf(folder)

    const errors = [
      await failure(files.create(bytesOf(5))),
      await failure(files.create(bytesOf(100_000))),
      await failure(files.create(new Source([bytesOf(100_000), bytesOf(100_000)]).readable())),
      await failure(files.replace(kept, bytesOf(7))),
      await failure(files.get(kept)),
      await failure(files.exists(kept)),
      await failure(files.read(kept)),
      await failure(files.delete(kept)),
      await failure(idsOf(files)),
    ]
    const { failed } = await files.deleteMany([kept, alsoKept])

    for (const error of errors) expect(error.code).toBe('STORAGE_UNAVAILABLE')
    expect(errors[0]!.message).toContain(folder)
    expect(failed.map(({ id }) => id).sort()).toEqual([kept, alsoKept].sort())
    expect(instead === undefined ? [] : await treeOf(folder)).toEqual(before)

    await rm(folder, { recursive: true, force: true })
    await rename(aside, folder)
    await wait()
    const added = await files.create(bytesOf(5))
    expect(await idsOf(files)).toEqual([kept, alsoKept, added].sort())
    expect((await (await files.get(alsoKept)).bytes()).byteLength).toBe(100_000)
    await files.delete(kept)
    expect(await idsOf(files)).toEqual([alsoKept, added].sort())
  })
})

describe.each(EVERY)('a process that has only read: %j', (options) => {
  it('knows that the disk is gone, too', async () => {
    const folder = join(await temporaryFolder(), 'files')
    const kept = await storage(folder, options).create(bytesOf(5))
    const reader = storage(folder, options)
    await reader.get(kept)
    await rename(folder, `${folder}-aside`)
    await mkdir(folder)

    const errors = [
      await failure(reader.get(kept)),
      await failure(reader.delete(kept)),
      await failure(reader.create(bytesOf(5))),
    ]

    for (const error of errors) expect(error.code).toBe('STORAGE_UNAVAILABLE')
    expect(await treeOf(folder)).toEqual([])
  })
})

describe('a storage that must not make its folder', () => {
  it('refuses everything until the folder has its marker', async () => {
    const folder = join(await temporaryFolder(), 'files')
    const backend = new LocalBackend(folder, { create: false })
    const files = new FileStorage('local', backend)

    for (const attempt of [
      files.create(bytesOf(5)),
      files.exists(newFileId()),
      files.delete(newFileId()),
      idsOf(files),
    ]) {
      expect((await failure(attempt)).code).toBe('STORAGE_UNAVAILABLE')
    }
    expect(await treeOf(join(folder, '..'))).toEqual([])
    expect((await failure(files.create(bytesOf(5)))).message).toContain('ensureFolder()')

    await backend.ensureFolder()
    await backend.ensureFolder()
    const id = await files.create(bytesOf(5))
    expect(await idsOf(files)).toEqual([id])
  })
})

describe('a marker that cannot be read', () => {
  it.each(['', 'no JSON', '{}', '{"storage":5}'])('keeps the storage from being used: %j', async (text) => {
    const folder = await temporaryFolder()
    await writeFile(join(folder, MARKER), text)

    const error = await failure(storage(folder).create(bytesOf(5)))

    expect(error).toMatchObject({ code: 'STORAGE_UNAVAILABLE', cause: expect.any(Error) })
    expect((await treeOf(folder)).filter((path) => !path.endsWith('/'))).toEqual([])
  })
})

describe('modes', () => {
  it.each(EVERY)('are those of the options, whatever the umask is: %j', async (options) => {
    const umask = process.umask(0o077)
    try {
      const folder = join(await temporaryFolder(), 'files')
      const files = storage(folder, { ...options, fileMode: 0o640, folderMode: 0o750 })
      await files.create(bytesOf(5))
      const replaced = await files.create(bytesOf(100_000))
      await files.replace(replaced, new Source([bytesOf(100_000)]).readable())

      const modes = new Map<string, Set<string>>()
      for (const path of ['', MARKER, ...(await treeOf(folder))]) {
        const found = await stat(join(folder, path))
        const kind = found.isDirectory() ? 'folder' : 'file'
        modes.set(kind, (modes.get(kind) ?? new Set()).add((found.mode & 0o777).toString(8)))
      }
      expect(Object.fromEntries(modes)).toEqual({ folder: new Set(['750']), file: new Set(['640']) })
    } finally {
      process.umask(umask)
    }
  })

  it.each([
    ['fileMode', 0o1777],
    ['fileMode', 0o040],
    ['folderMode', 0o600],
    ['folderMode', '0750'],
    ['fileMode', -1],
  ])('are checked: %s %p', (name, mode) => {
    expect(() => new LocalBackend('/tmp/x', { [name]: mode })).toThrow(
      `Expected ${name} to be a mode such as`,
    )
  })
})
