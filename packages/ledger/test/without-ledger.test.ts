import { describe, expect, it } from '@jest/globals'
import { DepotManager, LocalBackend, MemoryBackend, UploadedFile } from '@filedepot/core'
import { newFileId } from '@filedepot/core/backend'
import { collectGarbage, verifyFiles, type FileRow, type FileRows } from '@filedepot/ledger'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { HOUR, pathIn, pathsIn, store, storeOld } from './support/stored-files.ts'

function newDepot(): DepotManager {
  const depot = new DepotManager()
  depot.configure('default', new MemoryBackend())
  return depot
}

/** Rows of a table, with what each call of `values` sees. */
function rowsOf(...reads: readonly (readonly unknown[])[]): FileRows {
  let call = 0
  return {
    async *values() {
      const values = reads[Math.min(call++, reads.length - 1)] ?? []
      let id = 0
      for (const value of values) {
        const row: FileRow = {
          table: 'photos',
          column: 'file',
          key: { id: BigInt(++id), raw: Buffer.from('ab') },
          value,
        }
        yield await Promise.resolve(row)
      }
    },
  }
}

describe('verifyFiles', () => {
  it('reads text, JSON, uploaded files, arrays of them, and what Python’s DEPOT writes', async () => {
    const depot = newDepot()
    depot.alias('old', 'default')
    const values = await Promise.all(['a', 'b', 'c', 'd', 'e'].map((text) => store(depot, text)))
    const [a = '', b = '', c = '', d = '', e = ''] = values
    const id = pathIn(e).slice('default/'.length)
    const python = {
      depot_name: 'old',
      file_id: id,
      path: `old/${id}`,
      filename: 'e',
      content_type: 'a/b',
      files: [`old/${id}`],
    }

    const rows = rowsOf([
      a,
      JSON.parse(b),
      UploadedFile.fromJSON(c),
      `[${d},null]`,
      JSON.stringify(python),
      null,
      '',
      '[]',
      undefined,
    ])

    expect(await verifyFiles(depot, rows, { hash: true, grace: 0 })).toEqual({
      dangling: 0,
      orphaned: 0,
      changed: 0,
      unreadable: 0,
      unconfigured: 0,
      unchecked: 0,
      files: 5,
      values: 9,
      examples: [],
    })
  })

  it('takes what a killed process has left for no file, if it reads the bytes', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'filedepot-verify-'))
    const depot = new DepotManager()
    depot.configure('default', new LocalBackend(folder))
    const kept = await store(depot, 'kept')
    const id = newFileId()
    await writeFile(join(folder, id.slice(0, 6), `${id}.json`), '')

    const report = await verifyFiles(depot, rowsOf([kept, { storage: 'default', id }]), { hash: true })

    expect(report).toMatchObject({ dangling: 1, changed: 0, files: 2 })
    await rm(folder, { recursive: true })
  })

  it('names what it cannot read, with its row', async () => {
    const depot = newDepot()
    const rows = rowsOf(['{', '7', '{}', '["text"]', '{"storage":"default"}'])

    const { unreadable, examples } = await verifyFiles(depot, rows)

    expect(unreadable).toBe(5)
    expect(examples[0]).toEqual({
      kind: 'unreadable',
      table: 'photos',
      column: 'file',
      key: { id: '1', raw: '6162' },
    })
  })
})

describe('collectGarbage', () => {
  it('deletes what is in no row, when it is told to', async () => {
    const depot = newDepot()
    const kept = await store(depot, 'kept')
    const orphan = await storeOld(depot.get(), { idAge: 48 * HOUR })
    const lost = `default/${newFileId()}`
    const rows = rowsOf([kept, JSON.stringify({ storage: 'default', id: lost.slice(8) })])

    expect(await collectGarbage(depot, rows)).toMatchObject({
      dangling: 1,
      orphaned: 1,
      deleted: 0,
      repaired: 0,
    })
    expect(await pathsIn(depot.get())).toContain(orphan)
    expect(await collectGarbage(depot, rows, { delete: true })).toMatchObject({
      orphaned: 1,
      deleted: 1,
      failed: 0,
    })

    expect(await pathsIn(depot.get())).toEqual([pathIn(kept)])
  })

  it('leaves what a row has at the second reading, and everything if a value cannot be read then', async () => {
    const depot = newDepot()
    const kept = await store(depot, 'kept')
    const moved = await storeOld(depot.get(), { idAge: 48 * HOUR })
    const value = JSON.stringify({ storage: 'default', id: moved.slice(8) })

    expect(await collectGarbage(depot, rowsOf([kept], [kept, value]), { delete: true })).toMatchObject({
      orphaned: 1,
      deleted: 0,
    })
    await expect(collectGarbage(depot, rowsOf([kept], [kept, '{']), { delete: true })).rejects.toMatchObject({
      code: 'INVALID_VALUE',
    })
    expect(await pathsIn(depot.get())).toHaveLength(2)
  })

  it('is refused in a storage that a ledger owns', async () => {
    const depot = newDepot()
    await depot.get().backend.writeOwner?.('a ledger')
    const kept = await store(depot, 'kept')
    await storeOld(depot.get(), { idAge: 48 * HOUR })

    await expect(collectGarbage(depot, rowsOf([kept]), { delete: true })).rejects.toMatchObject({
      code: 'LEDGER_NOT_OWNER',
    })
    expect(await collectGarbage(depot, rowsOf([kept]), { delete: true, force: true })).toMatchObject({
      deleted: 1,
    })
  })
})
