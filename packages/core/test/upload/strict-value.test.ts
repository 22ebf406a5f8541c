import { describe, expect, it } from '@jest/globals'
import { UploadedFile } from '../../src/upload/uploaded-file.ts'
import { isUploadedFile, isVerified } from '../../src/upload/verification.ts'
import { failure, thrown } from '../support/failure.ts'
import { memoryDepot, pathsOf } from '../support/storages.ts'

const ID = '01890a5d-ac96-774b-bcce-b302099a8057'
const OTHER = '01890a5d-ac96-774b-bcce-b302099a8058'
const OWN = {
  storage: 'default',
  id: ID,
  filename: 'a.png',
  contentType: 'image/png',
  declaredType: 'image/x-png',
  size: 5,
  sha256: 'ab'.repeat(32),
  uploadedAt: '2026-01-02T03:04:05.678Z',
  files: [`default/${ID}`, `default/${OTHER}`],
  metadata: { width: 10 },
}
const PYTHON = {
  depot_name: 'avatars',
  files: [`avatars/${ID}`],
  file_id: ID,
  path: `avatars/${ID}`,
  filename: 'a.png',
  content_type: 'image/png',
  uploaded_at: '2023-10-16 13:05:07',
  _public_url: null,
}

/** Objects in objects, so many. */
function nested(levels: number): unknown {
  return levels === 0 ? 1 : { a: nested(levels - 1) }
}

describe('fromJSON refuses', () => {
  it.each<[string, unknown]>([
    ['a field that there is not', { ...OWN, url: 'https://example.com' }],
    ["a field of Python's DEPOT beside ours", { ...OWN, path: `private/${OTHER}` }],
    ["all fields of Python's DEPOT beside ours", { ...OWN, ...PYTHON }],
    ['a storage with a slash', { ...OWN, storage: 'a/b' }],
    ['a storage with a NUL', { ...OWN, storage: 'a\0b' }],
    ['a storage of 256 characters', { ...OWN, storage: 'a'.repeat(256), files: [] }],
    ['an id that is a path', { ...OWN, id: '../../etc/passwd' }],
    ['an id with a dot', { ...OWN, id: '..' }],
    ['an id with a line break', { ...OWN, id: `${ID}\n` }],
    ['a filename that is a path', { ...OWN, filename: '../a.png' }],
    ['a filename with a backslash', { ...OWN, filename: 'a\\b.png' }],
    ['a filename with a control character', { ...OWN, filename: 'a\r\nb.png' }],
    ['a filename with half of a character', { ...OWN, filename: 'a\ud800.png' }],
    ['a filename of 256 bytes', { ...OWN, filename: 'a'.repeat(256) }],
    ['a type that is none', { ...OWN, contentType: 'png' }],
    ['a type with a header in it', { ...OWN, contentType: 'image/png\r\nset-cookie: a=b' }],
    ['a type of 256 characters', { ...OWN, contentType: `image/${'a'.repeat(250)}` }],
    ['a claim of 256 characters', { ...OWN, declaredType: `image/${'a'.repeat(250)}` }],
    ['a claim with a NUL', { ...OWN, declaredType: 'image/\0' }],
    ['a claim that is null', { ...OWN, declaredType: null }],
    ['a size below zero', { ...OWN, size: -1 }],
    ['a size with a fraction', { ...OWN, size: 1.5 }],
    ['a size beyond what is safe', { ...OWN, size: 2 ** 53 }],
    ['a size that is no number', { ...OWN, size: NaN }],
    ['a hash that is too short', { ...OWN, sha256: 'ab' }],
    ['a hash in upper case', { ...OWN, sha256: 'AB'.repeat(32) }],
    ['a date without a time', { ...OWN, uploadedAt: '2026-01-02' }],
    ['a date that is not in the calendar', { ...OWN, uploadedAt: '2026-13-02T03:04:05Z' }],
    ['files of another storage', { ...OWN, files: [`default/${ID}`, `private/${OTHER}`] }],
    ['files with a path in their id', { ...OWN, files: [`default/../private/${OTHER}`] }],
    ['files within files', { ...OWN, files: [[`default/${ID}`]] }],
    ['metadata with a date', { ...OWN, metadata: { at: new Date() } }],
    ['metadata with a function', { ...OWN, metadata: { toJSON: () => ({}) } }],
    ['metadata with half of a character', { ...OWN, metadata: { 'a\udc00': 1 } }],
    ['metadata of 101 levels', { ...OWN, metadata: nested(101) }],
    ['metadata without an end', JSON.stringify(OWN).replace('10', `${'['.repeat(1e5)}${']'.repeat(1e5)}`)],
    ['a key __proto__', JSON.stringify({ ...OWN, a: 1 }).replace('"a"', '"__proto__"')],
    ['a key __proto__ in the metadata', JSON.stringify(OWN).replace('"width"', '"__proto__"')],
    ['fields that are inherited', Object.create(OWN)],
    ['an object of a class', Object.assign(new URL('file:///'), OWN)],
    ['an object with the prototype of a file', Object.setPrototypeOf({ ...OWN }, UploadedFile.prototype)],
    ['a proxy', new Proxy({ ...OWN }, {})],
    ['a getter', Object.defineProperty({ ...OWN }, 'id', { get: () => ID, enumerable: true })],
    ['a function toJSON', { ...OWN, toJSON: () => OWN }],
    ['a list of one', [OWN]],
    ["DEPOT's path of another file", { ...PYTHON, path: `private/${OTHER}` }],
    ["DEPOT's files in another storage", { ...PYTHON, files: [`private/${OTHER}`] }],
    ["DEPOT's date with an offset", { ...PYTHON, uploaded_at: '2023-10-16 13:05:07+01:00' }],
  ])('%s', (_, json) => {
    expect(thrown(() => UploadedFile.fromJSON(json))).toMatchObject({
      code: 'INVALID_VALUE',
      message: expect.stringMatching(/^Expected the JSON of an uploaded file: ./),
    })
  })
})

describe('fromJSON takes', () => {
  it.each<[string, object]>([
    ['a type with parameters', { ...OWN, contentType: 'text/plain; charset="utf-8"; a=b' }],
    ['a name in any script', { ...OWN, filename: '些公 😀.png' }],
    ['metadata of 98 levels', { ...OWN, metadata: nested(98) as object }],
    ['a date with an offset', { ...OWN, uploadedAt: '2026-01-02T03:04:05+01:00' }],
    ['an object without a prototype', Object.assign(Object.create(null) as object, OWN)],
    ["Python's value", PYTHON],
  ])('%s', (_, json) => {
    const file = UploadedFile.fromJSON(json)

    expect(JSON.stringify(UploadedFile.fromJSON(JSON.stringify(file)))).toBe(JSON.stringify(file))
  })

  it('JSON whose objects are changed and frozen by nobody else', () => {
    const json = { ...OWN, files: [...OWN.files], metadata: { tags: ['a'] } }

    const file = UploadedFile.fromJSON(json)
    json.metadata.tags.push('b')

    expect(file.metadata).toEqual({ tags: ['a'] })
  })
})

describe('a value of fromJSON', () => {
  it('is not verified, as are those that were uploaded or are pending', async () => {
    const depot = memoryDepot()
    const pending = UploadedFile.from(Buffer.from('a'))
    const stored = await depot.upload(pending)

    const values = [pending, stored, UploadedFile.fromJSON(stored.toJSON()), new UploadedFile(stored)]

    expect(values.map(isVerified)).toEqual([true, true, false, false])
  })

  it('is neither uploaded nor moved to another storage', async () => {
    const depot = memoryDepot()
    depot.configure('other', depot.get().backend)
    const stored = await depot.upload(UploadedFile.from(Buffer.from('a')))
    const value = UploadedFile.fromJSON(stored.toJSON())

    const errors = [
      await failure(depot.upload(value)),
      await failure(depot.conform(value, { storage: 'other' })),
    ]

    expect(errors.map(({ code }) => code)).toEqual(['INVALID_CONTENT', 'INVALID_CONTENT'])
    expect(await pathsOf(depot)).toHaveLength(2)
  })
})

describe('isUploadedFile', () => {
  it('is true for files, and for nothing that only looks like one', () => {
    const file = UploadedFile.fromJSON(OWN)
    const others = [
      Object.setPrototypeOf({ ...OWN }, UploadedFile.prototype),
      new Proxy(file, {}),
      Object.create(file),
      OWN,
      null,
      'text',
      undefined,
    ]

    expect([file, UploadedFile.from(Buffer.from('a'))].map(isUploadedFile)).toEqual([true, true])
    expect(others.map(isUploadedFile)).toEqual(others.map(() => false))
  })
})
