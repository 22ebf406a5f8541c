import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals'
import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmdirSync } from 'node:fs'
import { rm, statfs, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { LocalBackend } from '../../../src/backends/local/local-backend.ts'
import type { LocalBackendOptions } from '../../../src/backends/local/local-backend-options.ts'
import { FileStorage } from '../../../src/storage/file-storage.ts'
import { bytesOf } from '../../support/bytes.ts'
import { failure } from '../../support/failure.ts'
import { treeOf } from '../../support/folders.ts'
import { Source } from '../../support/sources.ts'

const PAGE = 4096

/** A disk of 1 MiB, or `undefined` where this process may not mount one. */
function mountDisk(): string | undefined {
  const folder = mkdtempSync(join(tmpdir(), 'filedepot-disk-'))
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=1m', 'tmpfs', folder], { stdio: 'ignore' })
    return folder
  } catch {
    rmdirSync(folder)
    return undefined
  }
}

function unmountDisk(folder: string): void {
  execFileSync('umount', [folder])
  rmdirSync(folder)
}

const probe = mountDisk()
if (probe !== undefined) unmountDisk(probe)
const itOnDisk = probe === undefined ? it.skip : it

describe('a disk without room', () => {
  let disk = ''

  beforeAll(() => {
    if (probe !== undefined) disk = mountDisk() ?? ''
  })

  afterEach(async () => {
    if (disk !== '')
      for (const name of await treeOf(disk)) await rm(join(disk, name), { recursive: true, force: true })
  })

  afterAll(() => {
    if (disk !== '') unmountDisk(disk)
  })

  const free = async () => (await statfs(disk)).bavail * PAGE

  /** A storage with one small file, on a disk on which only some pages are free. */
  async function fullDisk(freePages: number, options?: LocalBackendOptions) {
    const files = new FileStorage('local', new LocalBackend(disk, options))
    const id = await files.create(Buffer.from('kept'), { filename: 'kept.txt' })
    await writeFile(join(disk, 'filler'), Buffer.alloc((await free()) - freePages * PAGE))
    return { files, id }
  }

  const kinds: [string, LocalBackendOptions, () => Uint8Array | AsyncIterable<Uint8Array>][] = [
    ['bytes', {}, () => bytesOf(20 * PAGE)],
    ['bytes, on a network mount', { networkMount: true }, () => bytesOf(20 * PAGE)],
    ['a small stream', {}, () => new Source([bytesOf(10 * PAGE)]).generate()],
    ['a large stream', {}, () => new Source(Array.from({ length: 50 }, () => bytesOf(100_000))).generate()],
    ['a large stream, synced', { fsync: true }, () => new Source([bytesOf(3_000_000)]).generate()],
    [
      'a small stream, on a network mount',
      { networkMount: true },
      () => new Source([bytesOf(10 * PAGE)]).generate(),
    ],
    // The bytes fit, and nothing else: the room is missing for the metadata.
    ['bytes that just fit', {}, () => bytesOf(5 * PAGE)],
    ['bytes that just fit, on a network mount', { networkMount: true }, () => bytesOf(5 * PAGE)],
  ]

  itOnDisk.each(kinds)('stores nothing new, not even a half: %s', async (_, options, content) => {
    const { files } = await fullDisk(5, options)
    const [before, freeBefore] = [await treeOf(disk), await free()]

    const error = await failure(files.create(content()))

    expect(error).toMatchObject({ code: 'STORAGE_FULL', cause: { code: 'ENOSPC' } })
    expect(error.message).toMatch(/^Cannot write "local\/[0-9a-f-]{36}": ENOSPC/)
    expect(await treeOf(disk)).toEqual(before)
    expect(await free()).toBe(freeBefore)
  })

  itOnDisk.each(kinds)('keeps the old bytes of a file that is replaced: %s', async (_, options, content) => {
    const { files, id } = await fullDisk(5, options)
    const before = await treeOf(disk)

    const error = await failure(files.replace(id, content()))

    const file = await files.get(id)
    expect(error).toMatchObject({ code: 'STORAGE_FULL', cause: { code: 'ENOSPC' } })
    expect([file.filename, await file.text()]).toEqual(['kept.txt', 'kept'])
    expect(await treeOf(disk)).toEqual(before.map((path) => path.replace(/\.json$/, '.r.json')))
  })

  itOnDisk('lets files be deleted, and then stores again', async () => {
    const { files, id } = await fullDisk(0)
    const full = await failure(files.create(bytesOf(10)))

    await files.delete(id)
    const next = await files.create(bytesOf(10))

    expect(full.code).toBe('STORAGE_FULL')
    expect((await (await files.get(next)).bytes()).equals(bytesOf(10))).toBe(true)
  })
})
