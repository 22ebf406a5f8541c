import { afterEach, beforeEach, describe, expect, it } from '@jest/globals'
import { DepotManager, MemoryBackend } from '@filedepot/core'
import { newFileId } from '@filedepot/core/backend'
import { fileRows, Ledger, type Finding } from '@filedepot/ledger'
import { ChaosBackend } from '@filedepot/testing'
import { setTimeout } from 'node:timers/promises'
import { isOn } from '../../../test/databases/database-kind.ts'
import { refsIn, valueOf } from './support/books.ts'
import { documents, type DocumentsDatabase } from './support/documents.ts'
import { HOUR, pathIn, pathsIn, store, storeOld } from './support/stored-files.ts'

let database: DocumentsDatabase
let depot: DepotManager
let chaos: ChaosBackend
let ledger: Ledger

beforeEach(async () => {
  database = await documents()
  depot = new DepotManager()
  chaos = new ChaosBackend(new MemoryBackend())
  depot.configure('default', chaos)
  ledger = new Ledger(depot, database.client, { columns: database.columns })
  await ledger.install()
})

afterEach(async () => {
  await depot.close()
  await database.close()
})

const NOTHING = { dangling: 0, orphaned: 0, unreadable: 0, unconfigured: 0, unchecked: 0 }
const DONE = { repaired: 0, deleted: 0, failed: 0, examples: [] }

describe('gc', () => {
  it('finds nothing where all is in order', async () => {
    await database.insert('a', await store(depot, 'a'))

    expect(await ledger.gc({ grace: 0, delete: true })).toEqual({ ...NOTHING, ...DONE, files: 1, values: 1 })
    expect(await pathsIn(depot.get())).toHaveLength(1)
  })

  it('names both ways, and deletes nothing without being told to', async () => {
    const kept = await store(depot, 'kept')
    await database.insert('kept', kept)
    const orphan = await storeOld(depot.get(), { idAge: 48 * HOUR })
    const young = await store(depot, 'young')
    const lost = `default/${newFileId()}`
    await database.insert('lost', valueOf(lost))
    await database.insert('elsewhere', valueOf(`elsewhere/${newFileId()}`))
    const found: Finding[] = []

    const report = await ledger.gc({ onFinding: (finding) => void found.push(finding) })

    expect(report).toMatchObject({
      ...NOTHING,
      dangling: 1,
      orphaned: 1,
      unconfigured: 1,
      deleted: 0,
      files: 3,
      values: 3,
    })
    const row = { table: 'documents', column: 'file' }
    const byKind = (one: Finding, other: Finding) => one.kind.localeCompare(other.kind)
    expect([...report.examples].sort(byKind)).toEqual([
      { kind: 'dangling', path: lost, key: { name: 'lost' }, ...row },
      { kind: 'orphaned', path: orphan },
      {
        kind: 'unconfigured',
        path: expect.stringContaining('elsewhere/') as unknown,
        key: { name: 'elsewhere' },
        ...row,
      },
    ])
    expect(found).toHaveLength(3)
    expect(await pathsIn(depot.get())).toEqual([orphan, pathIn(kept), pathIn(young)].sort())
  })

  it('deletes what no row refers to, of any age beyond the grace, and keeps the discarded files for drains', async () => {
    await database.insert('kept', await store(depot, 'kept'))
    await database.insert('given up', await store(depot, 'given up'))
    await database.run("DELETE FROM documents WHERE name = 'given up'")
    const orphan = await storeOld(depot.get(), { idAge: 400 * 24 * HOUR })

    expect(await ledger.gc({ delete: true })).toMatchObject({ orphaned: 1, deleted: 1, failed: 0 })

    expect(await pathsIn(depot.get())).toHaveLength(2)
    expect(await ledger.find(orphan)).toMatchObject({ state: 'deleted' })
    expect(await ledger.drain()).toMatchObject({ deleted: 1 })
  })

  it('counts the rows anew', async () => {
    const value = await store(depot, 'a')
    await database.insert('a', value)
    await database.run('UPDATE filedepot_files SET refs = 0')

    expect(await ledger.gc()).toMatchObject({ repaired: 1, orphaned: 0 })
    expect(await refsIn(database)).toEqual({ [pathIn(value)]: 1 })
  })

  it('is refused without triggers, and deletes nothing while a value cannot be read', async () => {
    await storeOld(depot.get(), { idAge: 48 * HOUR })
    await database.insert('broken', '{broken')
    await database.insert('number', '7')

    const { unreadable, examples } = await ledger.gc()
    expect(unreadable).toBe(2)
    expect(examples).toContainEqual({
      kind: 'unreadable',
      table: 'documents',
      column: 'file',
      key: { name: 'broken' },
    })
    await expect(ledger.gc({ delete: true, force: true })).rejects.toMatchObject({ code: 'INVALID_VALUE' })
    await ledger.remove()
    await expect(ledger.gc()).rejects.toMatchObject({ code: 'LEDGER_INCOMPLETE' })

    expect(await pathsIn(depot.get())).toHaveLength(1)
  })

  it('deletes no more than a tenth of all files without force, and a hundred always', async () => {
    await database.insert('kept', await store(depot, 'kept'))
    for (let n = 0; n < 101; n++) await storeOld(depot.get(), { idAge: 48 * HOUR })

    await expect(ledger.gc({ delete: true })).rejects.toMatchObject({
      code: 'GARBAGE_LIMIT',
      message: expect.stringContaining('101 of 102 files') as unknown,
    })
    expect(await pathsIn(depot.get())).toHaveLength(102)

    expect(await ledger.gc({ delete: true, force: true })).toMatchObject({ deleted: 101 })
    expect(await pathsIn(depot.get())).toHaveLength(1)
  })

  it('names a hundred of each kind, and passes on all', async () => {
    await database.insert('kept', await store(depot, 'kept'))
    for (let n = 0; n < 105; n++) await storeOld(depot.get(), { idAge: 48 * HOUR })
    let all = 0

    const { orphaned, examples } = await ledger.gc({
      onFinding: () => {
        all++
      },
    })

    expect({ orphaned, named: examples.length, all }).toEqual({ orphaned: 105, named: 100, all: 105 })
  })

  it('leaves what a row takes while it looks', async () => {
    await database.insert('kept', await store(depot, 'kept'))
    const path = await storeOld(depot.get(), { idAge: 48 * HOUR })

    const report = await ledger.gc({
      delete: true,
      onFinding: async ({ kind }) => {
        if (kind === 'orphaned') await database.insert('late', valueOf(path))
      },
    })

    expect(report).toMatchObject({ orphaned: 1, deleted: 0, failed: 0 })
    expect(await pathsIn(depot.get())).toHaveLength(2)
  })

  it('is exact beside writers', async () => {
    const values: string[] = []
    for (let n = 0; n < 30; n++) values.push(await store(depot, `${n}`))
    await setTimeout(5)
    const work = { isOver: false }
    const writing = (async () => {
      for (let n = 0; !work.isOver; n++) {
        const [one, other] = [values[n % 30] ?? '', values[(n * 7) % 30] ?? '']
        await database.insert(`${n}`, one).catch(() => undefined)
        await database
          .run('UPDATE documents SET file = ? WHERE name = ?', [other, `${n}`])
          .catch(() => undefined)
        if (n > 20) await database.run('DELETE FROM documents WHERE name = ?', [`${n - 20}`])
        await setTimeout(1)
      }
    })()
    for (let n = 0; n < 5; n++) await ledger.gc({ delete: true, grace: 0 })
    work.isOver = true
    await writing

    expect(await ledger.verify({ grace: 0 })).toMatchObject({ dangling: 0 })
    const referred = await refsIn(database)
    const there = await pathsIn(depot.get())
    for (const path of Object.keys(referred)) expect(there).toContain(path)
  })

  it('hears an abort', async () => {
    await expect(ledger.gc({ signal: AbortSignal.abort() })).rejects.toMatchObject({ code: 'ABORTED' })
    await expect(ledger.verify({ signal: AbortSignal.abort() })).rejects.toMatchObject({ code: 'ABORTED' })
  })
})

describe('verify', () => {
  it('reads the bytes if it is to, and says what is not as it was', async () => {
    const [good, changed, shorter] = [
      await store(depot, 'good'),
      await store(depot, 'was'),
      await store(depot, 'long'),
    ]
    for (const [name, value] of Object.entries({ good, changed, shorter })) await database.insert(name, value)
    const info = { filename: 'a', contentType: 'text/plain', size: 3, sha256: undefined, metadata: {} }
    await chaos.write(pathIn(changed).slice('default/'.length), Buffer.from('now'), info, {})
    await chaos.write(pathIn(shorter).slice('default/'.length), Buffer.from('lon'), info, {})

    expect(await ledger.verify()).toMatchObject({ changed: 0, dangling: 0 })
    const { examples, ...report } = await ledger.verify({ hash: true })

    expect(report).toEqual({ ...NOTHING, changed: 2, files: 3, values: 3 })
    const reasons = examples.map(
      (finding) => finding.kind === 'changed' && [finding.key.name, finding.reason],
    )
    expect(reasons.sort()).toEqual([
      ['changed', expect.stringContaining('Expected the SHA-256') as unknown],
      ['shorter', 'Expected 4 bytes, got 3'],
    ])
  })

  it('does not take a storage that fails for an empty one', async () => {
    await database.insert('a', await store(depot, 'a'))
    chaos.fail('list')
    await expect(ledger.verify()).rejects.toMatchObject({ code: 'READ_FAILED' })
  })

  it('names files that the storage cannot read, looks at the others, and deletes none of them', async () => {
    await database.insert('a', await store(depot, 'a'))
    const lost = `default/${newFileId()}`
    await database.insert('b', valueOf(lost))
    const orphan = await storeOld(depot.get(), { idAge: 48 * HOUR })
    chaos.fail('stat', { error: new Error('EACCES: permission denied') })
    const denied = expect.stringContaining('EACCES') as unknown

    for (const report of [await ledger.verify(), await ledger.gc({ delete: true })]) {
      const unchecked = report.examples.flatMap((finding) =>
        finding.kind === 'unchecked' ? [[finding.path, finding.reason]] : [],
      )
      expect(report).toMatchObject({ dangling: 0, orphaned: 0, unchecked: 2 })
      expect(unchecked.sort()).toEqual([lost, orphan].sort().map((path) => [path, denied]))
    }
    chaos.restore()

    expect(await ledger.gc({ delete: true })).toMatchObject({
      dangling: 1,
      orphaned: 1,
      deleted: 1,
      unchecked: 0,
    })
  })

  it('deletes an orphan whose id is far in the future by the clock of the storage', async () => {
    const year = 365 * 24 * HOUR
    const old = await storeOld(depot.get(), { idAge: -year, age: 48 * HOUR })
    const young = await storeOld(depot.get(), { idAge: -year, age: HOUR })
    const soon = await storeOld(depot.get(), { idAge: -HOUR, age: 48 * HOUR })

    expect(await ledger.sweep()).toMatchObject({ future: 2, swept: 0 })
    expect(await ledger.gc({ delete: true })).toMatchObject({ orphaned: 1, deleted: 1 })

    expect(await pathsIn(depot.get())).toEqual([soon, young].sort())
    expect(old).not.toBe(young)
  })

  it('takes a storage without any file for the wrong one', async () => {
    await database.insert('a', valueOf(`default/${newFileId()}`))
    await expect(ledger.verify()).rejects.toMatchObject({ code: 'STORAGE_UNAVAILABLE' })
    await expect(ledger.gc({ delete: true, force: true })).rejects.toMatchObject({
      code: 'STORAGE_UNAVAILABLE',
    })
  })

  it.each([
    ['of several columns', 'a varchar(20) NOT NULL, b bigint NOT NULL, file text, PRIMARY KEY (a, b)'],
    ['that is a large number', 'b bigint PRIMARY KEY, a varchar(20), file text'],
    [
      'that is a time',
      `t ${isOn('postgres') ? 'timestamptz' : 'datetime(6)'} PRIMARY KEY, a varchar(20), b bigint, file text`,
    ],
    ['that is missing', 'a varchar(20), b bigint, file text'],
    ...(isOn('sqlite')
      ? [
          [
            'that is a large number, without a rowid',
            'b bigint PRIMARY KEY, a varchar(20), file text) WITHOUT ROWID --',
          ],
          [
            'of texts and numbers, without a rowid',
            'a, b blob, file text, PRIMARY KEY (a, b)) WITHOUT ROWID --',
          ],
          [
            'that hides the rowid',
            'a varchar(20), b bigint, file text, _rowid_ int DEFAULT 1, rowid int DEFAULT 1',
          ],
        ]
      : []),
    ...(isOn('mariadb')
      ? [
          ['of an ENUM', "a ENUM('2', '1', '0') NOT NULL, b bigint NOT NULL, file text, PRIMARY KEY (a, b)"],
          ['of a SET', "a SET('2', '0', '1') NOT NULL, b bigint NOT NULL, file text, PRIMARY KEY (a, b)"],
          ['that is a large decimal', 'b decimal(30, 2) PRIMARY KEY, a varchar(20), file text'],
          ['of a number of bits', 'b bit(64) PRIMARY KEY, a varchar(20), file text'],
          ['of a TIMESTAMP', 't timestamp(6) PRIMARY KEY, a varchar(20), b bigint, file text'],
          [
            'of a floating-point number',
            'a float NOT NULL, b bigint NOT NULL, file text, PRIMARY KEY (a, b)',
          ],
        ]
      : []),
    ...(isOn('postgres')
      ? [
          [
            'that is only unique',
            'a varchar(20) NOT NULL, b bigint NOT NULL, file text, UNIQUE (b) INCLUDE (a)',
          ],
          [
            'that is an enumeration',
            'a things_kind NOT NULL, b bigint NOT NULL, file text, PRIMARY KEY (a, b)',
          ],
        ]
      : []),
  ])('reads all rows of a table with a key %s', async (_, columns) => {
    if (columns.includes('things_kind')) {
      await database.run('DROP TYPE IF EXISTS things_kind')
      await database.run("CREATE TYPE things_kind AS ENUM ('2', '0', '1')")
    }
    await database.run(`CREATE TABLE things (${columns}\n)`.replace(/--\n\)$/, ''))
    const hasTime = columns.startsWith('t ')
    const kept = await store(depot, 'kept')
    const rows = 2050
    for (let start = 0; start < rows; start += 205) {
      const values = Array.from({ length: 205 }, (_, n) => start + n).map((n) => {
        const time = `'2026-01-01 00:00:00.${String(n).padStart(6, '0')}'`
        return `('${n % 3}', ${2n ** 60n + BigInt(n)}, ${n % 100 === 7 ? 'NULL' : `'${valueOf(`default/${n}`)}'`}${hasTime ? `, ${time}` : ''})`
      })
      await database.run(`INSERT INTO things (a, b, file${hasTime ? ', t' : ''}) VALUES ${values.join(', ')}`)
    }
    await database.insert('kept', kept)
    const both = new Ledger(depot, database.client, {
      columns: [...database.columns, { table: 'things', column: 'file' }],
    })
    const paths = new Set<string>()

    const report = await both.verify({
      onFinding: (finding) => {
        if ('path' in finding) paths.add(finding.path)
      },
    })

    expect(report).toMatchObject({ dangling: rows - 21, values: rows - 21 + 1 })
    expect(paths.size).toBe(rows - 21)
  })

  it('reads each value of a table without a key, and says by what to find it', async () => {
    await database.run('CREATE TABLE things (n int, file text)')
    const files = Array.from({ length: 12 }, () => valueOf(`default/${newFileId()}`))
    for (const file of [...files, ...files.slice(0, 2)])
      await database.run('INSERT INTO things (n, file) VALUES (1, ?)', [file])
    const rows = fileRows(database.client, { columns: [{ table: 'things', column: 'file' }] })

    const found = new Set<unknown>()
    for await (const { key, value } of rows.values()) {
      expect(Object.keys(key)).toEqual([isOn('sqlite') ? '_rowid_' : 'sha256'])
      found.add(value)
    }

    expect([...found].sort()).toEqual([...files].sort())
  })
})
