import { describe, expect, it } from '@jest/globals'
import { inspect } from 'node:util'
import { FiledepotError } from '../../src/errors.ts'
import { attachFile } from '../../src/transaction/attach-file.ts'
import { FileTransaction } from '../../src/transaction/file-transaction.ts'
import { isBroken, isWholeColumn, locate } from '../../src/upload/broken-value.ts'
import { readRowList, readRowValue } from '../../src/upload/row-value.ts'
import { UploadedFile } from '../../src/upload/uploaded-file.ts'
import { textOf } from '../../src/upload/value-text.ts'
import { failure, thrown } from '../support/failure.ts'
import { memoryDepot, pathsOf } from '../support/storages.ts'

class Photo extends UploadedFile {
  get isLarge(): boolean {
    return (this.size ?? 0) > 1000
  }
}

/** As an ORM clones the arguments of a query. */
function clone(value: object): object {
  return Object.fromEntries(Object.entries(value))
}

const TEXT = '[object Object]'

async function stored() {
  const depot = memoryDepot()
  return { depot, file: await depot.upload(Photo.from(Buffer.from('hello'), { filename: 'hello.txt' })) }
}

describe('a row with a value that no storage can have', () => {
  const good = {
    ...{
      storage: 'default',
      id: '01890a5d-ac96-774b-bcce-b302099a8057',
      filename: 'a',
      contentType: 'text/plain',
    },
    uploadedAt: '2026-01-01T00:00:00.000Z',
  }

  it.each<[string, object]>([
    ['an id that is a path', { id: '../x' }],
    ['an id with a slash', { id: 'a/b' }],
    ['a size below zero', { size: -1 }],
    ['a size that is no whole number', { size: 1.5 }],
    ['a size that is text', { size: '5' }],
  ])('is broken: %s', (_, wrong) => {
    expect(isBroken(readRowValue(UploadedFile, good))).toBe(false)
    expect(isBroken(readRowValue(UploadedFile, { ...good, ...wrong }))).toBe(true)
  })
})

describe('the value of a row', () => {
  it('is the stored value', async () => {
    const { file } = await stored()

    const read = readRowValue(Photo, JSON.stringify(file))

    expect(read).toBeInstanceOf(Photo)
    expect(read.equals(file)).toBe(true)
    expect(isBroken(read)).toBe(false)
  })

  it.each([
    ['text that is no JSON', TEXT, TEXT],
    [
      'JSON of something else',
      '{"value": {"type":"Buffer","data":[120]}}',
      '{"value": {"type":"Buffer","data":[120]}}',
    ],
    ['an empty text', '', ''],
    ['a number', 7, '7'],
    ['an object', { value: 'x' }, '{"value":"x"}'],
    ['a list', [1], '[1]'],
    ['what cannot be JSON', { count: 1n }, 'an object of Object'],
  ])('is broken where the row holds %s, whose text it keeps', (_, json, text) => {
    const broken = readRowValue(Photo, json)

    expect(broken).toBeInstanceOf(Photo)
    expect(isBroken(broken)).toBe(true)
    expect(broken.isPending).toBe(false)
    expect(broken.pending).toBeUndefined()
    expect(textOf(broken)).toBe(text)
  })
})

describe('a broken value', () => {
  it.each<[string, (broken: Photo) => unknown]>([
    ['storage', ({ storage }) => storage],
    ['id', ({ id }) => id],
    ['filename', ({ filename }) => filename],
    ['contentType', ({ contentType }) => contentType],
    ['declaredType', ({ declaredType }) => declaredType],
    ['size', ({ size }) => size],
    ['sha256', ({ sha256 }) => sha256],
    ['uploadedAt', ({ uploadedAt }) => uploadedAt],
    ['files', ({ files }) => files],
    ['metadata', ({ metadata }) => metadata],
    ['path', ({ path }) => path],
    ['url', ({ url }) => url],
    ['a getter of the type', ({ isLarge }) => isLarge],
    ['toJSON', (broken) => broken.toJSON()],
    ['toBSON', (broken) => broken.toBSON()],
    ['JSON.stringify', (broken) => JSON.stringify({ broken })],
    ['JSON.stringify of a clone', (broken) => JSON.stringify(clone(broken))],
  ])('says INVALID_VALUE where %s is used', (_, use) => {
    const broken = readRowValue(Photo, TEXT)

    const error = thrown(() => use(broken))

    expect(error.code).toBe('INVALID_VALUE')
    expect(error.cause).toMatchObject({ code: 'INVALID_VALUE' })
    expect(error.cause).toBeInstanceOf(FiledepotError)
  })

  it.each<[string, (broken: Photo) => Promise<unknown>]>([
    ['open', (broken) => broken.open()],
    ['bytes', (broken) => broken.bytes()],
    ['signedUrl', (broken) => broken.signedUrl()],
    ['depot.upload', (broken) => memoryDepot().upload(broken)],
    ['depot.conform', (broken) => memoryDepot().conform(broken, { maxSize: 5 })],
  ])('rejects %s with INVALID_VALUE', async (_, use) => {
    expect(await failure(use(readRowValue(Photo, TEXT)))).toMatchObject({ code: 'INVALID_VALUE' })
  })

  it('is given to no row', async () => {
    const depot = memoryDepot()
    const broken = readRowValue(Photo, TEXT)

    const attaching = attachFile(depot, new FileTransaction(depot), broken, { type: Photo })

    expect(await failure(attaching)).toMatchObject({ code: 'INVALID_VALUE' })
    expect(await pathsOf(depot)).toEqual([])
  })

  it('names its table, its column and the key of its row, what it got, and what helps', () => {
    const broken = readRowValue(Photo, TEXT)
    locate(broken, { table: 'person', column: 'photo', key: { id: 2, country: 'nl' } })

    expect(thrown(() => broken.path).message).toMatch(
      /^person\.photo of the row id = 2, country = nl: Expected the JSON of an uploaded file: .*, got \[object Object\]\. Write a new file, or null, into the column$/,
    )
  })

  it('says as much as is known of its place', () => {
    const broken = readRowValue(Photo, 'x'.repeat(1000))
    expect(thrown(() => broken.path).message).toMatch(/^A file column \(a data source .* got x{80}…\. Write/)

    locate(broken, { table: 'person', column: 'photo' })
    expect(thrown(() => broken.path).message).toMatch(/^person\.photo of a row without its key: /)
  })

  it('is shown by console.log', () => {
    expect(inspect(readRowValue(Photo, TEXT), { getters: true, showHidden: true })).toContain('Photo')
  })

  it('equals itself only', async () => {
    const { file } = await stored()
    const broken = readRowValue(Photo, TEXT)

    expect(broken.equals(broken)).toBe(true)
    expect(broken.equals(readRowValue(Photo, TEXT))).toBe(false)
    expect(broken.equals(file)).toBe(false)
    expect(file.equals(broken)).toBe(false)
  })

  it('cannot be changed', () => {
    expect(Object.isFrozen(readRowValue(Photo, TEXT))).toBe(true)
  })
})

describe('the list of a row', () => {
  it('is broken where its elements are, and good where they are good', async () => {
    const { file } = await stored()

    const list = readRowList(Photo, `[${textOf(file)}, {"value": 1}, null]`)

    expect(list.map(isBroken)).toEqual([false, true, true])
    expect(list.map(isWholeColumn)).toEqual([false, false, false])
    expect(list.map(textOf)).toEqual([textOf(file), '{"value":1}', 'null'])
  })

  it.each([TEXT, '{"a": 1}', 7])('is one broken value where the row holds %p', (json) => {
    const list = readRowList(Photo, json)

    expect(list.map(isBroken)).toEqual([true])
    expect(list.map(isWholeColumn)).toEqual([true])
    expect(list.map(textOf)).toEqual([String(json)])
  })

  it('is one file where the column held one before', async () => {
    const { file } = await stored()

    expect(readRowList(Photo, textOf(file)).map(({ id }) => id)).toEqual([file.id])
  })
})
