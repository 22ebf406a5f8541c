import { describe, expect, it } from '@jest/globals'
import fc from 'fast-check'
import type { JsonValue } from '../../src/json-value.ts'
import { formatUploadedFile, parseUploadedFile } from '../../src/upload/uploaded-file-data.ts'
import { readRowValue } from '../../src/upload/row-value.ts'
import { UploadedFile } from '../../src/upload/uploaded-file.ts'
import { thrown } from '../support/failure.ts'
import { fieldsOf } from '../support/fields.ts'

const ID = '01890a5d-ac96-774b-bcce-b302099a8057'
const OWN = {
  storage: 'default',
  id: ID,
  filename: 'a.png',
  contentType: 'image/png',
  declaredType: 'image/x-png',
  size: 5,
  sha256: 'ab'.repeat(32),
  uploadedAt: '2026-01-02T03:04:05.678Z',
  files: [`default/${ID}`, 'default/thumb'],
  metadata: { width: 10 },
}

/** What DEPOT 0.12 writes for an `UploadedImageWithThumb` with a filter that added `author`. */
const PYTHON = {
  depot_name: 'avatars',
  files: ['avatars/e5ab4b9c-6c1a-11ee-8c99-0242ac120002', 'avatars/e5ab4ba6-6c1a-11ee-8c99-0242ac120002'],
  file_id: 'e5ab4b9c-6c1a-11ee-8c99-0242ac120002',
  path: 'avatars/e5ab4b9c-6c1a-11ee-8c99-0242ac120002',
  filename: '些公.png',
  content_type: 'image/png',
  uploaded_at: '2023-10-16 13:05:07',
  _public_url: null,
  thumb_id: 'e5ab4ba6-6c1a-11ee-8c99-0242ac120002',
  thumb_path: 'avatars/e5ab4ba6-6c1a-11ee-8c99-0242ac120002',
  _thumb_public_url: null,
  author: 'Ada',
}

describe('the JSON of an uploaded file', () => {
  it('is read, as an object and as text', () => {
    const data = {
      ...OWN,
      uploadedAt: new Date(OWN.uploadedAt),
    }

    expect(parseUploadedFile(OWN)).toEqual(data)
    expect(parseUploadedFile(JSON.stringify(OWN))).toEqual(data)
    expect(fieldsOf(UploadedFile.fromJSON(OWN))).toEqual(data)
  })

  it('is written as it was read', () => {
    expect(JSON.parse(JSON.stringify(UploadedFile.fromJSON(OWN)))).toEqual(OWN)
  })

  it('leaves out what there is none of, and always lists the paths of the files', () => {
    const { declaredType, size, sha256, files, metadata, ...least } = OWN

    const file = UploadedFile.fromJSON(least)

    expect([declaredType, size, sha256, files, metadata]).not.toContain(undefined)
    expect(fieldsOf(file)).toMatchObject({
      declaredType: undefined,
      size: undefined,
      sha256: undefined,
      metadata: {},
    })
    expect(file.files).toEqual([`default/${ID}`])
    expect(JSON.parse(JSON.stringify(file))).toEqual({ ...least, files: [`default/${ID}`] })
  })

  it('is the same after any number of round trips', () => {
    const json = fc.jsonValue({ maxDepth: 3 })
    // A line separator is a character like others, but not to regular expressions.
    const word = fc.oneof(
      { weight: 20, arbitrary: fc.string({ unit: 'grapheme', minLength: 1 }) },
      { weight: 1, arbitrary: fc.constantFrom('\n', '\u2028') },
    )
    const value = fc.record({
      storage: word,
      id: fc.uuid(),
      filename: word,
      contentType: word,
      declaredType: fc.option(word, { nil: undefined }),
      size: fc.option(fc.maxSafeNat(), { nil: undefined }),
      sha256: fc.option(word, { nil: undefined }),
      uploadedAt: fc.date({ noInvalidDate: true, min: new Date(0), max: new Date('9999-12-31') }),
      more: fc.array(fc.tuple(word, word), { maxLength: 3 }),
      metadata: fc.dictionary(word, json, { maxKeys: 4 }),
    })

    fc.assert(
      fc.property(value, ({ more, metadata, ...rest }) => {
        const data = {
          ...rest,
          files: [...new Set([[rest.storage, rest.id], ...more].map((parts) => parts.join('/')))],
          // As JSON has it: it knows no negative zero.
          metadata: JSON.parse(JSON.stringify(metadata)) as Record<string, JsonValue>,
        }

        const text = JSON.stringify(new UploadedFile(data))
        const again = readRowValue(UploadedFile, text)

        expect(fieldsOf(again)).toEqual(data)
        expect(JSON.stringify(again)).toBe(text)
        expect(formatUploadedFile(parseUploadedFile(text))).toEqual(again.toJSON())
      }),
      { numRuns: 300 },
    )
  })

  it('names its own file first, also where the list left it out', () => {
    expect(UploadedFile.fromJSON({ ...OWN, files: ['default/thumb'] }).files).toEqual([
      `default/${ID}`,
      'default/thumb',
    ])
    expect(UploadedFile.fromJSON({ ...OWN, files: ['default/thumb', `default/${ID}`] }).files).toEqual([
      `default/${ID}`,
      'default/thumb',
    ])
  })

  it.each<[string, unknown]>([
    ['nothing', undefined],
    ['null', null],
    ['a number', 5],
    ['empty text', ''],
    ['text that is no JSON', 'hello'],
    ['half of the JSON', JSON.stringify(OWN).slice(0, 50)],
    ['the JSON of null', 'null'],
    ['the JSON of a number', '5'],
    ['a list', []],
    ['an empty object', {}],
    ['no storage', { ...OWN, storage: undefined }],
    ['an empty storage', { ...OWN, storage: '' }],
    ['an id that is a number', { ...OWN, id: 5 }],
    ['no filename', { ...OWN, filename: null }],
    ['no type', { ...OWN, contentType: undefined }],
    ['no date', { ...OWN, uploadedAt: undefined }],
    ['a date that is none', { ...OWN, uploadedAt: 'yesterday' }],
    ['files that are no list', { ...OWN, files: 'default/thumb' }],
    ['files that are no paths', { ...OWN, files: [5] }],
    ['files without a storage', { ...OWN, files: ['thumb'] }],
    ['a size that is text', { ...OWN, size: '5' }],
    ['a hash that is a number', { ...OWN, sha256: 5 }],
    ['a claim that is a number', { ...OWN, declaredType: 5 }],
    ['metadata that is a list', { ...OWN, metadata: [] }],
    ['metadata that is text', { ...OWN, metadata: 'width' }],
    ["DEPOT's without an id", { ...PYTHON, file_id: undefined }],
    ["DEPOT's without a path", { ...PYTHON, path: undefined }],
    ["DEPOT's with a date that is none", { ...PYTHON, uploaded_at: 'yesterday' }],
  ])('is refused: %s', (_, json) => {
    expect(thrown(() => UploadedFile.fromJSON(json))).toMatchObject({
      code: 'INVALID_VALUE',
      message: expect.stringMatching(/^Expected the JSON of an uploaded file: ./),
      cause: expect.anything(),
    })
  })
})

describe("the JSON of Python's DEPOT", () => {
  it('is read, what filters and types added as metadata', () => {
    const { files, thumb_id, thumb_path, _thumb_public_url, author } = PYTHON

    const file = UploadedFile.fromJSON(JSON.stringify(PYTHON))

    expect(fieldsOf(file)).toEqual({
      storage: 'avatars',
      id: PYTHON.file_id,
      filename: '些公.png',
      contentType: 'image/png',
      declaredType: undefined,
      size: undefined,
      sha256: undefined,
      uploadedAt: new Date('2023-10-16T13:05:07Z'),
      files,
      metadata: { thumb_id, thumb_path, _thumb_public_url, author },
    })
    expect(file.path).toBe(PYTHON.path)
  })

  it('is read of a plain file, also one with a public URL', () => {
    const { thumb_id, thumb_path, _thumb_public_url, author, ...plain } = PYTHON

    const file = UploadedFile.fromJSON({
      ...plain,
      files: [plain.path],
      _public_url: 'https://bucket.s3.amazonaws.com/x',
    })

    expect([thumb_id, thumb_path, _thumb_public_url, author]).toHaveLength(4)
    expect(file.metadata).toEqual({})
    expect(file.files).toEqual([PYTHON.path])
  })

  it('is written as ours afterwards', () => {
    const file = UploadedFile.fromJSON(PYTHON)

    const again = UploadedFile.fromJSON(JSON.stringify(file))

    expect(fieldsOf(again)).toEqual(fieldsOf(file))
    expect(JSON.stringify(file)).not.toContain('depot_name')
  })
})
