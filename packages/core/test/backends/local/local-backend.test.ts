import { describe, expect, it } from '@jest/globals'
import { readFile, truncate, unlink, writeFile, readdir } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { LocalBackend } from '../../../src/backends/local/local-backend.ts'
import type { LocalBackendOptions } from '../../../src/backends/local/local-backend-options.ts'
import { FileStorage } from '../../../src/storage/file-storage.ts'
import { bytesOf, sha256 } from '../../support/bytes.ts'
import { failure, thrown } from '../../support/failure.ts'
import { treeOf } from '../../support/folders.ts'
import { Source } from '../../support/sources.ts'
import { idsOf, memoryStorage } from '../../support/storages.ts'
import { temporaryFolders } from '../../support/temporary-folder.ts'

const temporaryFolder = temporaryFolders()
const MISSING = '01890a5d-ac96-774b-bcce-b302099a8057'
const ALL_OPTIONS: LocalBackendOptions[] = [
  {},
  { networkMount: true },
  { fsync: true },
  { fsync: true, networkMount: true },
]

async function localStorage(options?: LocalBackendOptions) {
  const folder = await temporaryFolder()
  const backend = new LocalBackend(folder, options)
  return { folder, backend, files: new FileStorage('local', backend) }
}

/** Where a file lies: its metadata and its bytes. */
async function pathsOf(folder: string, id: string) {
  const sidecar = join(folder, id.slice(0, 6), `${id}.json`)
  const { content } = JSON.parse(await readFile(sidecar, 'utf8')) as { content: string }
  return { sidecar, bytes: join(folder, id.slice(0, 6), content) }
}

describe('a local folder', () => {
  it.each(ALL_OPTIONS)('holds plain bytes and JSON beside them: %j', async (options) => {
    const { folder, files } = await localStorage(options)

    for (const size of [5, 3_000_000]) {
      const content = new Source([bytesOf(size)]).readable()
      const id = await files.create(content, { filename: 'a.bin', metadata: { author: 'Ada' } })

      const { sidecar, bytes } = await pathsOf(folder, id)
      expect((await readFile(bytes)).equals(bytesOf(size))).toBe(true)
      expect(bytes).toBe(join(folder, id.slice(0, 6), `${id}.first`))
      expect(JSON.parse(await readFile(sidecar, 'utf8'))).toEqual({
        filename: 'a.bin',
        contentType: 'application/octet-stream',
        size,
        sha256: sha256(bytesOf(size)),
        lastModified: expect.stringMatching(/^\d{4}-\d\d-\d\dT[\d:.]+Z$/),
        content: bytes.split('/').at(-1),
        metadata: { author: 'Ada' },
      })
    }
  })

  it.each(ALL_OPTIONS)(
    'has two files for each that is stored, also after a replacement: %j',
    async (options) => {
      const { folder, files } = await localStorage(options)
      const ids = [await files.create(bytesOf(5)), await files.create(bytesOf(100_000))]

      for (const id of ids) await files.replace(id, new Source([bytesOf(200_000)]).readable())

      const shards = new Set(ids.map((id) => `${id.slice(0, 6)}/`))
      const tree = await treeOf(folder)
      expect(tree.filter((path) => path.endsWith('/'))).toEqual([...shards])
      expect(tree.filter((path) => path.endsWith('.json'))).toHaveLength(2)
      expect(tree).toHaveLength(shards.size + 4)
    },
  )

  it.each(ALL_OPTIONS)('holds nothing of a write that fails: %j', async (options) => {
    const { folder, files } = await localStorage(options)
    const id = await files.create(bytesOf(5))
    const before = await treeOf(folder)
    const broken = () => new Source([bytesOf(3_000_000), bytesOf(10)], new Error('gone')).readable()

    const created = await failure(files.create(broken()))
    const replaced = await failure(files.replace(id, broken()))
    const tooLarge = await failure(files.create(broken(), { maxSize: 2_000_000 }))

    expect([created.code, replaced.code, tooLarge.code]).toEqual([
      'CONTENT_FAILED',
      'CONTENT_FAILED',
      'FILE_TOO_LARGE',
    ])
    // Whoever begins to replace a file gives another name to its metadata.
    expect(await treeOf(folder)).toEqual(before.map((path) => path.replace(/\.json$/, '.r.json')))
    expect((await (await files.get(id)).bytes()).equals(bytesOf(5))).toBe(true)
  })

  it('is made by the first write, and not by reading', async () => {
    const folder = join(await temporaryFolder(), 'deep', 'er')
    const files = new FileStorage('local', new LocalBackend(folder))

    const before = [await idsOf(files), await files.exists(MISSING)]
    await files.delete(MISSING)
    const id = await files.create(bytesOf(5))

    expect(before).toEqual([[], false])
    expect(await idsOf(files)).toEqual([id])
  })

  it('loses a folder that is empty and old', async () => {
    const { folder, backend, files } = await localStorage()
    const info = { filename: 'a', contentType: 'text/plain', size: 1, sha256: undefined, metadata: {} }
    const second = MISSING.replace(/7$/, '8')
    const current = await files.create(bytesOf(1))
    for (const id of [MISSING, second]) await backend.write(id, bytesOf(1), info, {})

    await files.delete(MISSING)
    const half = await treeOf(folder)
    await files.delete(second)
    await files.delete(current)

    expect(half).toContain('01890a/')
    expect(await treeOf(folder)).toEqual([`${current.slice(0, 6)}/`])
  })

  it('is absolute, so that a later change of the working directory changes nothing', () => {
    expect(new LocalBackend('uploads').folder).toBe(resolve('uploads'))
  })

  it.each(['', undefined, null, 5, {}])('cannot be %p', (folder) => {
    expect(thrown(() => new LocalBackend(folder as never))).toMatchObject({ code: 'INVALID_ARGUMENT' })
  })

  it('leaves alone what others put into it', async () => {
    const { folder, files } = await localStorage()
    const id = await files.create(bytesOf(1))
    await writeFile(join(folder, 'readme.txt'), 'hello')
    await writeFile(join(folder, id.slice(0, 6), 'notes.txt'), 'hello')

    const ids = await idsOf(files)
    await files.delete(id)

    expect(ids).toEqual([id])
    expect(await treeOf(folder)).toEqual(
      ['readme.txt', `${id.slice(0, 6)}/`, `${id.slice(0, 6)}/notes.txt`].sort(),
    )
  })
})

describe('a folder that is a file', () => {
  it.each(ALL_OPTIONS)('cannot be used, and every error says why: %j', async (options) => {
    const folder = join(await temporaryFolder(), 'uploads')
    await writeFile(folder, 'I am a file')
    const files = new FileStorage('local', new LocalBackend(folder, options))

    const small = await failure(files.create(bytesOf(5)))
    const large = await failure(files.create(new Source([bytesOf(100_000)]).readable()))
    const read = await failure(files.get(MISSING))
    const deleted = await failure(files.delete(MISSING))
    const listed = await failure(idsOf(files))

    for (const error of [small, large, read, deleted, listed]) {
      expect(error).toMatchObject({ code: 'STORAGE_UNAVAILABLE', cause: { code: 'ENOTDIR' } })
      expect(error.message).toContain(folder)
    }
    expect(await readFile(folder, 'utf8')).toBe('I am a file')
  })
})

describe('metadata that was damaged', () => {
  const good = {
    filename: 'a.txt',
    contentType: 'text/plain',
    size: 5,
    lastModified: '2026-01-02T03:04:05.678Z',
    content: 'x.y',
  }

  it.each<[string, string]>([
    ['a half of it', JSON.stringify(good).slice(0, 40)],
    ['zeros', '\0'.repeat(200)],
    ['something else', 'hello'],
    ['null', 'null'],
    ['a list', '[]'],
    ['no filename', JSON.stringify({ ...good, filename: undefined })],
    ['no type', JSON.stringify({ ...good, contentType: 5 })],
    ['a size that is no number', JSON.stringify({ ...good, size: '5' })],
    ['a hash that is none', JSON.stringify({ ...good, sha256: 5 })],
    ['a date that is none', JSON.stringify({ ...good, lastModified: 'yesterday' })],
    ['metadata that is none', JSON.stringify({ ...good, metadata: null })],
    ['a name that leads elsewhere', JSON.stringify({ ...good, content: '../../../etc/passwd' })],
    ['an absolute name', JSON.stringify({ ...good, content: '/etc/passwd' })],
    ['no name', JSON.stringify({ ...good, content: '' })],
  ])('makes a file corrupt, which can be listed and deleted: %s', async (_, text) => {
    const { folder, files } = await localStorage()
    const kept = await files.create(bytesOf(3))
    const id = await files.create(bytesOf(5))
    const { sidecar } = await pathsOf(folder, id)
    await writeFile(sidecar, text)

    const errors = [
      await failure(files.get(id)),
      await failure(files.exists(id)),
      await failure(files.read(id)),
    ]
    const ids = await idsOf(files)
    await files.delete(id)

    for (const error of errors) {
      expect(error).toMatchObject({ code: 'CORRUPT_FILE', cause: expect.any(Error) })
      expect(error.message).toContain(sidecar)
    }
    expect(ids).toEqual([kept, id])
    expect(await idsOf(files)).toEqual([kept])
    expect(await treeOf(folder)).toHaveLength(3)
  })

  it('can be put right from a backup', async () => {
    const { folder, files } = await localStorage()
    const backup = memoryStorage('backup')
    const file = await files.get(await files.create(Buffer.from('hello'), { filename: 'hello.txt' }))
    await backup.replace(file, file)
    await truncate((await pathsOf(folder, file.id)).sidecar, 10)
    const copy = await backup.get(file.id)

    await files.replace(copy, copy)

    const restored = await files.get(file.id)
    expect([restored.filename, await restored.text()]).toEqual(['hello.txt', 'hello'])
    expect(await readdir(join(folder, file.id.slice(0, 6)))).toHaveLength(2)
  })
})

describe('bytes that were lost', () => {
  it.each([5, 100_000])('make a file of %p bytes corrupt, which can be deleted', async (size) => {
    const { folder, files } = await localStorage()
    const id = await files.create(bytesOf(size))
    const { bytes } = await pathsOf(folder, id)
    await unlink(bytes)

    const file = await files.get(id)
    const error = await failure(file.bytes())
    await files.delete(id)

    expect(error).toMatchObject({ code: 'CORRUPT_FILE', cause: { code: 'ENOENT' } })
    expect(error.message).toContain(id)
    expect(await treeOf(folder)).toEqual([`${id.slice(0, 6)}/`])
  })

  it.each([5, 100_000])(
    'in part make a file of %p bytes corrupt: it is not read as a shorter one',
    async (size) => {
      const { folder, files } = await localStorage()
      const id = await files.create(bytesOf(size))
      const { bytes } = await pathsOf(folder, id)

      for (const left of [size - 1, 0]) {
        await truncate(bytes, left)

        const error = await failure((await files.get(id)).bytes())

        expect(error).toMatchObject({
          code: 'CORRUPT_FILE',
          message: `Expected "${bytes}" to have ${size} bytes, got ${left}. Restore it from a backup, or delete it`,
        })
      }
    },
  )
})
