import { describe, expect, it } from '@jest/globals'
import { readFile, utimes, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { LocalBackend } from '../../../src/backends/local/local-backend.ts'
import { FileStorage } from '../../../src/storage/file-storage.ts'
import { bytesOf } from '../../support/bytes.ts'
import { treeOf } from '../../support/folders.ts'
import { temporaryFolders } from '../../support/temporary-folder.ts'

const temporaryFolder = temporaryFolders()

const HOUR = 60 * 60 * 1000

/** A storage with one file, and what was left of two that were to replace it, one of them long ago. */
async function setUp() {
  const folder = await temporaryFolder()
  const backend = new LocalBackend(folder)
  const id = await new FileStorage('local', backend).create(bytesOf(5))
  const shard = id.slice(0, 6)
  const [old, young] = [join(shard, `${id}.0123456789ab`), join(shard, `${id}.ab0123456789`)]
  for (const path of [old, `${old}.tmp`, young, '.depot.11111111-1111-4111-8111-111111111111']) {
    await writeFile(join(folder, path), 'left')
    const time = new Date(Date.now() - (path === young ? 0 : 2 * HOUR))
    await utimes(join(folder, path), time, time)
  }
  return { folder, backend, id, young }
}

describe('the leftovers of a local folder', () => {
  it('are removed if they are old, and no file with them', async () => {
    const { folder, backend, id, young } = await setUp()

    expect(await backend.sweepLeftovers({ olderThan: new Date(Date.now() - HOUR) })).toBe(3)

    const left = (await treeOf(folder)).filter((path) => !path.endsWith('.depot') && !path.endsWith('/'))
    expect(left).toHaveLength(3)
    expect(left.some((path) => path.endsWith(young))).toBe(true)
    expect((await new FileStorage('local', backend).get(id)).size).toBe(5)
  })

  it('are not looked for among ids that need not be', async () => {
    const { backend, id } = await setUp()

    expect(await backend.sweepLeftovers({ olderThan: new Date(Date.now() - HOUR), after: id })).toBe(1)
  })

  it('stay where the metadata of the file cannot be read', async () => {
    const { folder, backend, id } = await setUp()
    const sidecar = join(folder, id.slice(0, 6), `${id}.json`)
    const text = await readFile(sidecar, 'utf8')
    await writeFile(sidecar, '{')

    expect(await backend.sweepLeftovers({ olderThan: new Date(Date.now() - HOUR) })).toBe(1)
    await writeFile(sidecar, text)
    expect(await backend.sweepLeftovers({ olderThan: new Date(Date.now() - HOUR) })).toBe(2)
  })
})

describe('the owner of a local folder', () => {
  it('is in its marker, which another process knows again', async () => {
    const { folder, backend } = await setUp()
    const other = new LocalBackend(folder)
    expect(await other.readOwner()).toBeUndefined()
    const before = JSON.parse(await readFile(join(folder, '.depot'), 'utf8')) as object

    await backend.writeOwner('somebody')

    expect(await other.readOwner()).toBe('somebody')
    expect(JSON.parse(await readFile(join(folder, '.depot'), 'utf8'))).toEqual({
      ...before,
      owner: 'somebody',
    })
    expect(await new FileStorage('local', other).create(bytesOf(1))).toEqual(expect.any(String))
  })

  it('is none of a folder that is not there, and an error of one that is gone', async () => {
    const folder = await temporaryFolder()
    expect(await new LocalBackend(join(folder, 'new')).readOwner()).toBeUndefined()
    const strict = new LocalBackend(join(folder, 'new'), { create: false })

    await expect(strict.readOwner()).rejects.toMatchObject({ code: 'STORAGE_UNAVAILABLE' })
    await expect(strict.writeOwner('a')).rejects.toMatchObject({ code: 'STORAGE_UNAVAILABLE' })
    await expect(strict.sweepLeftovers({ olderThan: new Date() })).rejects.toMatchObject({
      code: 'STORAGE_UNAVAILABLE',
    })
  })
})
