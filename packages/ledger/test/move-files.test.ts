import { afterEach, beforeEach, describe, expect, it } from '@jest/globals'
import {
  DepotManager,
  hasCode,
  MemoryBackend,
  UploadedFile,
  type FileContent,
  type StoreFile,
} from '@filedepot/core'
import { Ledger, MoveIncompleteError } from '@filedepot/ledger'
import { kind } from '../../../test/databases/database-kind.ts'
import { discardedIn, refsIn } from './support/books.ts'
import { documents, type DocumentsDatabase } from './support/documents.ts'
import { HOUR, pathIn, pathsIn, store } from './support/stored-files.ts'

/** An upload type with a second file, which its metadata name. */
class WithReceipt extends UploadedFile {
  override async process(content: FileContent, store: StoreFile) {
    const file = await store(content)
    const receipt = await store(Buffer.from(file.sha256), { filename: 'receipt.txt' })
    return { file, metadata: { receipt: { id: receipt.id, path: receipt.path } } }
  }
}

/** A backend that lets somebody else write before a file is stored. */
class Meddling extends MemoryBackend {
  before: (() => Promise<unknown>) | undefined

  override async write(...args: Parameters<MemoryBackend['write']>): Promise<void> {
    const { before } = this
    this.before = undefined
    await before?.()
    await super.write(...args)
  }
}

let database: DocumentsDatabase
let depot: DepotManager
let ledger: Ledger
let target: Meddling

beforeEach(async () => {
  database = await documents()
  depot = new DepotManager()
  depot.configure('disk', new MemoryBackend())
  target = new Meddling()
  depot.configure('cloud', target)
  ledger = new Ledger(depot, database.client, { columns: database.columns })
  await ledger.install()
})

afterEach(async () => {
  await depot.close()
  await database.close()
})

async function failure(promise: Promise<unknown>): Promise<unknown> {
  return await promise.then(
    () => undefined,
    (error: unknown) => error,
  )
}

/** Values are moved side by side. */
function sorted(failures: MoveIncompleteError['failures']): MoveIncompleteError['failures'] {
  return [...failures].sort((one, other) => (JSON.stringify(one.key) < JSON.stringify(other.key) ? -1 : 1))
}

const MOVE = { from: 'disk', to: 'cloud' } as const

async function fileOf(name: string): Promise<string> {
  const [row] = await database.run('SELECT file FROM documents WHERE name = ?', [name])
  return String(row?.file)
}

/** As if all times to wait were over. */
async function wait(): Promise<void> {
  await database.run('UPDATE filedepot_files SET retry_at = NULL WHERE discarded_at IS NOT NULL')
}

/** Every file of every row is there, and there is no other file. */
async function expectWhole(): Promise<void> {
  await wait()
  await ledger.drain()
  expect(await ledger.verify({ hash: true, grace: 0 })).toMatchObject({
    dangling: 0,
    orphaned: 0,
    changed: 0,
    unreadable: 0,
  })
}

describe('moveFiles', () => {
  it('moves the values of rows, with all of their files and under the same ids', async () => {
    const value = await depot.upload(WithReceipt.from(Buffer.from('a'), { filename: 'a.txt' }))
    await database.insert('a', JSON.stringify(value))
    await database.insert('b', null)
    const elsewhere = await store(depot, 'c', 'cloud')
    await database.insert('c', elsewhere)

    const report = await ledger.moveFiles(MOVE)

    expect(report).toEqual({ values: 4, changed: 1, files: 2, bytes: 65, overtaken: 0, failed: 0, left: 0 })
    const [file, receipt] = value.files.map((path) => path.replace('disk/', 'cloud/'))
    expect(JSON.parse(await fileOf('a'))).toEqual({
      ...JSON.parse(JSON.stringify(value)),
      storage: 'cloud',
      files: [file, receipt],
      metadata: { receipt: { id: receipt?.slice('cloud/'.length), path: receipt } },
    })
    expect(await fileOf('b')).toBe('null')
    expect(await fileOf('c')).toBe(elsewhere)
    expect(await (await depot.getFile(file ?? '')).text()).toBe('a')
    expect(await refsIn(database)).toEqual({ [file ?? '']: 1, [receipt ?? '']: 1, [pathIn(elsewhere)]: 1 })
  })

  it('keeps the old files for readers, and then drains delete them', async () => {
    const value = await store(depot, 'a', 'disk')
    await database.insert('a', value)

    await ledger.moveFiles(MOVE)

    expect(await ledger.drain()).toMatchObject({ deleted: 0, waiting: 1 })
    expect(await (await depot.getFile(pathIn(value))).text()).toBe('a')
    await wait()
    expect(await ledger.drain()).toMatchObject({ deleted: 1, waiting: 0 })
    expect(await pathsIn(depot.get('disk'))).toEqual([])

    await database.insert('b', await store(depot, 'b', 'disk'))
    await ledger.moveFiles({ ...MOVE, keepFor: 0 })
    expect(await ledger.drain()).toMatchObject({ deleted: 1, waiting: 0 })
  })

  it('moves arrays, files that rows share, JSON and rows with keys of several columns', async () => {
    const json = { sqlite: 'text', postgres: 'jsonb', mariadb: 'json' }[kind]
    await database.run(
      `CREATE TABLE pages (book bigint, place varchar(20), files ${json}, extra text, PRIMARY KEY (book, place))`,
    )
    await database.run('CREATE TABLE loose (file text)')
    const columns = [
      { table: 'documents', column: 'file' },
      { table: 'pages', column: 'files' },
      { table: 'pages', column: 'extra' },
      { table: 'loose', column: 'file' },
    ]
    ledger = new Ledger(depot, database.client, { columns })
    await ledger.install()
    const [a, b, c, d] = [
      await store(depot, 'a', 'disk'),
      await store(depot, 'b', 'disk'),
      await store(depot, 'c', 'cloud'),
      await store(depot, 'd', 'disk'),
    ]
    const page = 'INSERT INTO pages (book, place, files, extra) VALUES (?, ?, ?, ?)'
    await database.run(page, ['9007199254740993', 'é "x"', `[${a}, ${c}, ${b}]`, a])
    await database.run(page, ['9007199254740993', 'E', null, d])
    await database.run(page, ['9007199254740992', 'é "x"', `[${b}]`, null])
    for (let copy = 0; copy < 2; copy++) await database.run('INSERT INTO loose (file) VALUES (?)', [d])
    await database.insert('a', a)

    expect(await ledger.moveFiles({ ...MOVE, columns: columns.slice(1) })).toMatchObject({
      changed: 6,
      left: 0,
    })

    const moved = (value: string) => pathIn(value).replace('disk/', 'cloud/')
    expect(await refsIn(database)).toEqual({
      [pathIn(a)]: 1,
      [moved(a)]: 2,
      [moved(b)]: 2,
      [moved(c)]: 1,
      [moved(d)]: 3,
    })
    expect(await ledger.moveFiles(MOVE)).toMatchObject({ changed: 1, left: 0 })
    await expectWhole()
    expect(await pathsIn(depot.get('disk'))).toEqual([])
  })

  it('leaves a value that was replaced meanwhile, and its copy goes', async () => {
    const old = await store(depot, 'old', 'disk')
    await database.insert('a', old)
    const fresh = await store(depot, 'fresh', 'cloud')
    target.before = () => database.run('UPDATE documents SET file = ? WHERE name = ?', [fresh, 'a'])

    expect(await ledger.moveFiles(MOVE)).toMatchObject({ changed: 0, overtaken: 1, left: 0 })

    expect(await fileOf('a')).toBe(fresh)
    // The copy. The old file is kept for a while.
    expect(await ledger.drain()).toMatchObject({ deleted: 1, waiting: 1 })
    await expectWhole()
    expect(await pathsIn(depot.get('cloud'))).toEqual([pathIn(fresh)])
  })

  it('moves a value that was replaced by another one of the old storage meanwhile', async () => {
    await database.insert('a', await store(depot, 'old', 'disk'))
    const fresh = await store(depot, 'fresh', 'disk')
    target.before = () => database.run('UPDATE documents SET file = ? WHERE name = ?', [fresh, 'a'])

    expect(await ledger.moveFiles(MOVE)).toMatchObject({ changed: 1, overtaken: 0, left: 0 })

    expect(await fileOf('a')).toBe(fresh.replaceAll('disk', 'cloud'))
    await expectWhole()
  })

  it('leaves a row that was removed meanwhile, also if its file is gone by then', async () => {
    const value = await store(depot, 'old', 'disk')
    await database.insert('a', value)
    await database.insert('b', await store(depot, 'b', 'disk'))
    target.before = async () => {
      await database.run("DELETE FROM documents WHERE name = 'a'")
      await ledger.drain()
    }

    expect(await ledger.moveFiles({ ...MOVE, concurrency: 1 })).toMatchObject({
      changed: 1,
      overtaken: 1,
      left: 0,
    })

    await expectWhole()
    expect(await pathsIn(depot.get('disk'))).toEqual([])
  })

  it('gives a file a new id if the ledger has its copy as deleted', async () => {
    const value = await store(depot, 'a', 'disk')
    await database.insert('a', value)
    await ledger.moveFiles(MOVE)
    await wait()
    await ledger.drain()

    expect(await ledger.moveFiles({ from: 'cloud', to: 'disk' })).toMatchObject({ changed: 1, left: 0 })

    const back = pathIn(await fileOf('a'))
    expect(back).toMatch(/^disk\//)
    expect(back).not.toBe(pathIn(value))
    expect(await (await depot.getFile(back)).text()).toBe('a')
    await expectWhole()
  })

  it('gives a file a new id if its copy is deleted while the row is changed', async () => {
    const value = await store(depot, 'a', 'disk')
    await database.insert('a', value)
    const copy = pathIn(value).replace('disk/', 'cloud/')
    target.before = () =>
      database.run('UPDATE filedepot_files SET gone = ?, discarded_at = NULL WHERE path = ?', [
        kind === 'postgres' ? true : 1,
        copy,
      ])

    expect(await ledger.moveFiles(MOVE)).toMatchObject({ changed: 1, left: 0 })

    const moved = pathIn(await fileOf('a'))
    expect(moved).not.toBe(copy)
    await expectWhole()
    expect(await pathsIn(depot.get('cloud'))).toEqual([moved])
  })

  it('goes on after a crash between the copy and the row', async () => {
    const value = await store(depot, 'a', 'disk')
    await database.insert('a', value)
    await expect(
      ledger.moveFiles({
        ...MOVE,
        signal: AbortSignal.abort(),
      }),
    ).rejects.toMatchObject({ code: 'ABORTED' })
    const controller = new AbortController()
    target.before = () => {
      controller.abort()
      return Promise.resolve()
    }
    await expect(ledger.moveFiles({ ...MOVE, signal: controller.signal })).rejects.toMatchObject({
      code: 'ABORTED',
    })

    expect(await ledger.moveFiles(MOVE)).toMatchObject({ changed: 1, left: 0 })

    await expectWhole()
  })

  it('deletes the copy that a killed move has left, if its row went meanwhile', async () => {
    const value = await store(depot, 'a', 'disk')
    await database.insert('a', value)
    target.before = () => Promise.reject(new Error('killed'))
    await failure(ledger.moveFiles(MOVE))
    // What a process leaves that is killed after the copy.
    await target.write(
      pathIn(value).slice('disk/'.length),
      Buffer.from('a'),
      { filename: 'a', contentType: 'text/plain', size: 1, sha256: undefined, metadata: {} },
      {},
    )

    await database.run('DELETE FROM documents')

    await expectWhole()
    expect(await pathsIn(depot.get('cloud'))).toEqual([])
  })

  it('names the values whose files cannot be moved, and moves the others', async () => {
    const lost = await store(depot, 'lost', 'disk')
    const changed = await store(depot, 'changed', 'disk')
    await database.insert('a', lost)
    await database.insert('b', changed.replace(/"size":\d+/, '"size":1'))
    await database.insert('c', await store(depot, 'c', 'disk'))
    await depot.get('disk').delete(pathIn(lost).slice('disk/'.length))

    const error = await failure(ledger.moveFiles(MOVE))

    expect(error).toBeInstanceOf(MoveIncompleteError)
    expect(error).toMatchObject({ code: 'MOVE_INCOMPLETE', report: { changed: 1, failed: 2, left: 2 } })
    const { failures } = error as MoveIncompleteError
    expect(sorted(failures).map(({ table, column, key }) => ({ table, column, key }))).toEqual([
      { table: 'documents', column: 'file', key: { name: 'a' } },
      { table: 'documents', column: 'file', key: { name: 'b' } },
    ])
    expect(failures.map(({ error: reason }) => hasCode(reason, 'FILE_NOT_FOUND', 'HASH_MISMATCH'))).toEqual([
      true,
      true,
    ])
    expect(await fileOf('a')).toBe(lost)
  })

  it('begins no other value after too many failures', async () => {
    for (const name of ['a', 'b', 'c']) {
      const value = await store(depot, name, 'disk')
      await database.insert(name, value)
      await depot.get('disk').delete(pathIn(value).slice('disk/'.length))
    }

    const error = await failure(ledger.moveFiles({ ...MOVE, maxFailures: 2, concurrency: 1 }))

    expect(error).toMatchObject({ report: { failed: 2 } })
  })

  it('only counts in a dry run', async () => {
    await database.insert('a', await store(depot, 'a', 'disk'))

    expect(await ledger.moveFiles({ ...MOVE, dryRun: true })).toMatchObject({ changed: 0, left: 1 })

    expect(await pathsIn(depot.get('cloud'))).toEqual([])
    expect(await discardedIn(database)).toEqual([])
  })

  it('says after each value how far it is', async () => {
    for (const name of ['a', 'b']) await database.insert(name, await store(depot, name, 'disk'))
    const seen: unknown[] = []

    await ledger.moveFiles({
      ...MOVE,
      concurrency: 1,
      onProgress: ({ values, changed, bytes }) => seen.push([values, changed, bytes]),
    })

    // The rows are read again, to find what was written meanwhile.
    expect(seen).toEqual([
      [1, 1, 1],
      [2, 2, 2],
      [3, 2, 2],
      [4, 2, 2],
    ])
  })

  it('refuses what it cannot do', async () => {
    await expect(ledger.moveFiles({ from: 'disk', to: 'disk' })).rejects.toMatchObject({
      code: 'INVALID_ARGUMENT',
    })
    await expect(ledger.moveFiles({ from: 'disk', to: 'nowhere' })).rejects.toMatchObject({
      code: 'STORAGE_NOT_FOUND',
    })
    await expect(
      ledger.moveFiles({ ...MOVE, columns: [{ table: 'documents', column: 'note' }] }),
    ).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' })
    await depot.get('cloud').backend.writeOwner?.('somebody else')
    await expect(ledger.moveFiles(MOVE)).rejects.toMatchObject({ code: 'LEDGER_NOT_OWNER' })
    await ledger.remove()
    await expect(ledger.moveFiles({ from: 'cloud', to: 'disk' })).rejects.toMatchObject({
      code: 'LEDGER_INCOMPLETE',
    })
  })

  it('holds no file of a row for longer than it said', async () => {
    const value = await store(depot, 'a', 'disk')
    await database.insert('a', value)
    const before = Date.now()

    await ledger.moveFiles({ ...MOVE, keepFor: 2 * HOUR })

    const { state, retryAt } = (await ledger.find(pathIn(value))) ?? {}
    expect(state).toBe('discarded')
    expect(Math.abs(Number(retryAt) - before - 2 * HOUR)).toBeLessThan(60_000)
    // The copy belongs to its row, and would be drained at once if the row gave it up.
    await database.run('DELETE FROM documents')
    expect(await ledger.drain()).toMatchObject({ deleted: 1, waiting: 1 })
  })
})
