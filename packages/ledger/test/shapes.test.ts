import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { DepotManager } from '@filedepot/core'
import { Ledger } from '@filedepot/ledger'
import { kind } from '../../../test/databases/database-kind.ts'
import { discardedIn, refsIn, valueOf } from './support/books.ts'
import { openDatabase, type TestDatabase } from './support/test-database.ts'

const UUID = '0193a7c4-5f0e-7abc-8def-0123456789ab'
const LONG = Array.from({ length: 200 }, (_, index) => `default/${index}`)

/** Values of a column, and the paths that each refers to. */
const SHAPES: [name: string, value: string | null, paths: readonly string[]][] = [
  ['NULL', null, []],
  ['an empty text', '', []],
  ['one file', valueOf('default/a'), ['default/a']],
  ['an image with a thumbnail', valueOf('default/a', 'default/b'), ['default/a', 'default/b']],
  ['a file in another storage', valueOf('default/a', 'other/b'), ['default/a', 'other/b']],
  ['three files', valueOf('default/a', 'default/b', 'default/c'), ['default/a', 'default/b', 'default/c']],
  ['a file twice', valueOf('default/a', 'default/a'), ['default/a']],
  ['a file twice among three', valueOf('default/a', 'default/b', 'default/a'), ['default/a', 'default/b']],
  ['200 files', valueOf(...LONG), LONG],
  ['no files beside storage and id', '{"storage":"default","id":"a"}', ['default/a']],
  ['files that are null', '{"storage":"default","id":"a","files":null}', ['default/a']],
  ['files that are empty', '{"storage":"default","id":"a","files":[]}', ['default/a']],
  ['spaces around it', `  ${valueOf('default/a')}\n`, ['default/a']],
  [
    'an array',
    `[${valueOf('default/a')},${valueOf('default/b', 'default/c')}]`,
    ['default/a', 'default/b', 'default/c'],
  ],
  ['an array with a file twice', `[${valueOf('default/a')},${valueOf('default/a')}]`, ['default/a']],
  [
    'an array of both forms',
    `[{"storage":"default","id":"a"},${valueOf('default/b')}]`,
    ['default/a', 'default/b'],
  ],
  ['an array after a newline', `\n\t[${valueOf('default/a')}]`, ['default/a']],
  ['an empty array', '[]', []],
  ['an array of null', '[null]', []],
  ['JSON that is no object', '"default/a"', []],
  ['JSON null', 'null', []],
  ['an object without a file', '{}', []],
  [
    "DEPOT's value",
    '{"depot_name":"default","file_id":"a","path":"default/a","files":["default/a"]}',
    ['default/a'],
  ],
  [
    'files without its own',
    '{"storage":"default","id":"a","files":["default/b"]}',
    ['default/a', 'default/b'],
  ],
  [
    'two files without its own',
    '{"storage":"default","id":"a","files":["default/b","default/c"]}',
    ['default/a', 'default/b', 'default/c'],
  ],
  [
    'its own file as the second one',
    '{"storage":"default","id":"a","files":["default/b","default/a"]}',
    ['default/a', 'default/b'],
  ],
  [
    'files without its own in an array',
    '[{"storage":"default","id":"a","files":["default/b"]},{"files":["default/c"]}]',
    ['default/a', 'default/b', 'default/c'],
  ],
  [
    "DEPOT's value whose files are without its own",
    '{"depot_name":"default","file_id":"a","path":"default/a","files":["default/b"]}',
    ['default/a', 'default/b'],
  ],
  ['files beside no file of its own', '{"files":["default/a","default/b"]}', ['default/a', 'default/b']],
  ["DEPOT's value without files", '{"depot_name":"default","file_id":"a"}', ['default/a']],
  ["DEPOT's value with a path", '{"depot_name":"x","file_id":"y","path":"default/a"}', ['default/a']],
  [
    'files within metadata',
    '{"storage":"default","id":"a","files":["default/a"],"metadata":{"files":["default/x"]}}',
    ['default/a'],
  ],
  ['a path with quotes and a backslash', valueOf('default/"a\\b\''), ['default/"a\\b\'']],
  ['a path with an emoji', valueOf('default/😀ü'), ['default/😀ü']],
  ['paths that differ in case', valueOf('default/ABC', 'Default/abc'), ['Default/abc', 'default/ABC']],
  [
    'a filename with a zero character',
    '{"storage":"default","id":"a","filename":"\\u0000","files":["default/a"]}',
    ['default/a'],
  ],
  [
    'a filename with half of a character',
    '{"storage":"default","id":"a","filename":"\\\\\\ud800 \\\\ud800 \\udc00","files":["default/a"]}',
    ['default/a'],
  ],
  ['a UUID in upper case', valueOf(`default/${UUID.toUpperCase()}`), [`default/${UUID}`]],
  [
    'a UUID in two spellings',
    valueOf(`Default/${UUID}`, `Default/${UUID.toUpperCase()}`),
    [`Default/${UUID}`],
  ],
  [
    'an array of two spellings',
    `[${valueOf(`default/${UUID}`)},{"storage":"default","id":"${UUID.toUpperCase()}"}]`,
    [`default/${UUID}`],
  ],
  [
    'what is nearly a UUID',
    valueOf(`default/X${UUID.toUpperCase().slice(1)}`),
    [`default/X${UUID.toUpperCase().slice(1)}`],
  ],
  ['broken JSON', '{"storage":"default', ['!unreadable']],
  ['plain text', 'a.txt', ['!unreadable']],
]

describe.each(columnTypes())('a column of the type %s', (type) => {
  const table = `followed_${type}`
  let database: TestDatabase

  beforeAll(async () => {
    database = await openDatabase()
    await database.run(
      `CREATE TABLE ${table} (id int PRIMARY KEY, note varchar(20), file ${type}, photo ${type})`,
    )
    const columns = ['file', 'photo'].map((column) => ({ table, column }))
    await new Ledger(new DepotManager(), database.client, { columns }).install({ prune: true })
  })

  afterAll(() => database.close())

  it.each(SHAPES.filter(([, value]) => fits(type, value)))('is counted with %s', async (_, value, paths) => {
    const once = Object.fromEntries([...paths].sort().map((path) => [path, 1]))
    const twice = Object.fromEntries([...paths].sort().map((path) => [path, 2]))
    const insert = (id: number, file: string | null, photo: string | null = null) =>
      database.run(`INSERT INTO ${table} (id, file, photo) VALUES (?, ?, ?)`, [id, file, photo])

    await insert(1, value)
    expect(await sortedRefs(database)).toEqual(once)
    // Another column of the same row, and then another row.
    await database.run(`UPDATE ${table} SET photo = ? WHERE id = 1`, [value])
    expect(await sortedRefs(database)).toEqual(twice)
    await database.run(`UPDATE ${table} SET note = 'x', photo = NULL WHERE id = 1`)
    await insert(2, null, value)
    expect(await sortedRefs(database)).toEqual(twice)
    await database.run(`UPDATE ${table} SET photo = ? WHERE id = 2`, [valueOf('default/new')])
    expect(await sortedRefs(database)).toEqual({ ...once, 'default/new': 1 })
    await database.run(`UPDATE ${table} SET photo = ? WHERE id = 2`, [value])
    await database.run(`DELETE FROM ${table} WHERE id = 2`)
    expect(await sortedRefs(database)).toEqual(once)
    await database.run(`UPDATE ${table} SET file = NULL WHERE id = 1`)

    expect(await sortedRefs(database)).toEqual({})
    expect((await discardedIn(database)).sort()).toEqual([...paths, 'default/new'].sort())
    await database.run(`DELETE FROM ${table}`)
    await database.run('DELETE FROM filedepot_files')
  })
})

function columnTypes(): string[] {
  if (kind === 'postgres') return ['text', 'json', 'jsonb']
  return kind === 'mariadb' ? ['text', 'json'] : ['text']
}

/** What the type itself refuses. */
function fits(type: string, value: string | null): boolean {
  if (value === null || type === 'text') return true
  if (kind === 'mariadb' && value.includes('\\ud800')) return false
  return isJson(value) && !(type === 'jsonb' && /\\u(0000|d800)/.test(value))
}

function isJson(value: string): boolean {
  try {
    JSON.parse(value)
    return true
  } catch {
    return false
  }
}

async function sortedRefs(database: TestDatabase): Promise<Record<string, number>> {
  const refs = Object.entries(await refsIn(database)).sort(([a], [b]) => (a < b ? -1 : 1))
  return Object.fromEntries(refs)
}
