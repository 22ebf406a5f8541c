import { afterEach, beforeEach, describe, expect, it } from '@jest/globals'
import {
  DepotManager,
  MemoryBackend,
  spool,
  UploadedFile,
  type FileContent,
  type ProcessOptions,
  type StoreFile,
} from '@filedepot/core'
import { Ledger, type RegenerateOptions } from '@filedepot/ledger'
import { readFile } from 'node:fs/promises'
import { documents, type DocumentsDatabase } from './support/documents.ts'

/** A type with a recipe that changes: what it derives is the text with a prefix. */
class Shouted extends UploadedFile {
  static prefix: string | undefined = 'old '
  static changesOriginal = false

  override async process(content: FileContent, store: StoreFile, rules: ProcessOptions) {
    const spooled = await spool(content, rules)
    try {
      const text = await readText(spooled.place)
      const { prefix, changesOriginal } = this.constructor as typeof Shouted
      if (text === 'silent') throw new Error('nothing to shout')
      const file = await (changesOriginal ? store(Buffer.from(`${text}!`)) : store(spooled))
      if (prefix === undefined) return { file }
      const shout = await store(Buffer.from(prefix + text), { filename: 'shout.txt' })
      return { file, metadata: { thumbnails: { shout: { id: shout.id } } } }
    } finally {
      await spooled[Symbol.asyncDispose]()
    }
  }
}

async function readText(place: Uint8Array | string): Promise<string> {
  return typeof place === 'string' ? await readFile(place, 'utf8') : Buffer.from(place).toString()
}

let database: DocumentsDatabase
let depot: DepotManager
let ledger: Ledger
let COLUMN: RegenerateOptions

beforeEach(async () => {
  database = await documents()
  depot = new DepotManager()
  depot.configure('default', new MemoryBackend())
  depot.configure('other', new MemoryBackend())
  ledger = new Ledger(depot, database.client, { columns: database.columns })
  await ledger.install()
  Shouted.prefix = 'old '
  Shouted.changesOriginal = false
  COLUMN = { column: { table: 'documents', column: 'file' }, type: Shouted }
})

afterEach(async () => {
  await depot.close()
  await database.close()
})

async function store(text: string): Promise<Shouted> {
  const pending = Shouted.from(Buffer.from(text), { filename: `${text}.txt`, storage: 'other' })
  return await depot.upload(pending)
}

async function valueOf(name: string): Promise<Shouted> {
  const [row] = await database.run('SELECT file FROM documents WHERE name = ?', [name])
  return Shouted.fromJSON(row?.file)
}

async function textsOf({ files }: UploadedFile): Promise<string[]> {
  return await Promise.all(files.map(async (path) => await (await depot.getFile(path)).text()))
}

async function expectWhole(): Promise<void> {
  await database.run('UPDATE filedepot_files SET retry_at = NULL WHERE discarded_at IS NOT NULL')
  await ledger.drain()
  expect(await ledger.verify({ hash: true, grace: 0 })).toMatchObject({
    dangling: 0,
    orphaned: 0,
    changed: 0,
  })
}

describe('regenerateFiles', () => {
  it('makes anew what was derived, and keeps the original and what somebody has said of it', async () => {
    const value = (await store('a')).with({ filename: 'renamed.txt', metadata: { alt: 'A text' } })
    const stored = new Shouted({
      ...{ storage: value.storage, id: value.id, filename: value.filename, contentType: 'text/markdown' },
      ...{ declaredType: 'text/plain', size: value.size, sha256: value.sha256, files: value.files },
      uploadedAt: value.uploadedAt,
      metadata: { ...value.metadata, alt: 'A text' },
    })
    await database.insert('a', JSON.stringify(stored))
    await database.insert('b', null)
    Shouted.prefix = 'new '

    expect(await ledger.regenerateFiles(COLUMN)).toEqual({
      ...{ values: 1, changed: 1, files: 1, bytes: 1, overtaken: 0, failed: 0, left: 0 },
    })

    const made = await valueOf('a')
    expect(await textsOf(made)).toEqual(['a', 'new a'])
    const thumbnails = { shout: { id: made.files[1]?.slice('other/'.length) } }
    expect(made.toJSON()).toEqual({
      ...stored.toJSON(),
      files: [value.path, made.files[1]],
      metadata: { alt: 'A text', thumbnails },
    })
    // The new copy of the original, at once; the old derived file is kept for a while.
    expect(await ledger.drain()).toMatchObject({ deleted: 1, waiting: 1 })
    await expectWhole()
  })

  it('forgets what the recipe does not make any more', async () => {
    await database.insert('a', JSON.stringify(await store('a')))
    Shouted.prefix = undefined

    await ledger.regenerateFiles(COLUMN)

    const made = await valueOf('a')
    expect([made.files.length, made.metadata]).toEqual([1, {}])
    await expectWhole()
  })

  it('takes a new original if the type makes one', async () => {
    const value = await store('a')
    await database.insert('a', JSON.stringify(value))
    Shouted.changesOriginal = true

    await ledger.regenerateFiles(COLUMN)

    const made = await valueOf('a')
    expect(made.path).not.toBe(value.path)
    expect(await textsOf(made)).toEqual(['a!', 'old a'])
    await expectWhole()
  })

  it('makes only what is missing, or what it is told, each value of an array by itself', async () => {
    const [whole, torn, named] = [await store('whole'), await store('torn'), await store('named')]
    await database.insert('a', JSON.stringify([whole, torn]))
    await database.insert('b', JSON.stringify(named))
    await depot.get('other').delete(torn.files[1]?.slice('other/'.length) ?? '')
    Shouted.prefix = 'new '

    const only = ({ filename }: UploadedFile) => filename === 'named.txt'
    const options = { ...COLUMN, onlyMissing: true, only }
    expect(await ledger.regenerateFiles({ ...options, dryRun: true })).toMatchObject({ changed: 0, left: 2 })
    expect(await ledger.regenerateFiles(options)).toMatchObject({ changed: 2, left: 0 })

    const [row] = await database.run("SELECT file FROM documents WHERE name = 'a'")
    const [first, second] = (JSON.parse(String(row?.file)) as unknown[]).map((one) => Shouted.fromJSON(one))
    expect(first?.toJSON()).toEqual(whole.toJSON())
    expect(await textsOf(second ?? whole)).toEqual(['torn', 'new torn'])
    expect(await textsOf(await valueOf('b'))).toEqual(['named', 'new named'])
    expect(await ledger.regenerateFiles({ ...COLUMN, onlyMissing: true })).toMatchObject({
      changed: 0,
      left: 0,
    })
    await expectWhole()
  })

  it('names the values that it cannot make, and leaves them as they are', async () => {
    const [good, lost] = [await store('good'), await store('lost')]
    await database.insert('good', JSON.stringify(good))
    await database.insert('lost', JSON.stringify(lost))
    const silent = await depot.upload(UploadedFile.from(Buffer.from('silent')))
    await database.insert('silent', JSON.stringify(silent))
    await depot.get('other').delete(lost)
    Shouted.prefix = 'new '

    await expect(ledger.regenerateFiles(COLUMN)).rejects.toMatchObject({
      code: 'MOVE_INCOMPLETE',
      report: { changed: 1, failed: 2, left: 2 },
    })

    expect(await textsOf(await valueOf('good'))).toEqual(['good', 'new good'])
    expect((await valueOf('silent')).toJSON()).toEqual(silent.toJSON())
    expect((await valueOf('lost')).files).toEqual(lost.files)
  })
})
