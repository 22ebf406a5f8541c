import { describe, expect, it } from '@jest/globals'
import { newFileId, parseFileId } from '../src/file-id.ts'
import { thrown } from './support/failure.ts'

const V1 = 'e5ab4b9c-6c1a-11ee-8c99-0242ac120002'
const V4 = '9b2f7f3e-4f0d-4f55-a3d4-6c1d63c0b9aa'
const V7 = '01890a5d-ac96-774b-bcce-b302099a8057'

describe('newFileId', () => {
  it('makes UUIDs of version 7 in lower case', () => {
    expect(newFileId()).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/)
  })

  it('makes ids that ascend and never repeat', () => {
    const ids = Array.from({ length: 10_000 }, newFileId)

    expect(ids).toEqual([...new Set(ids)].sort())
  })

  it('begins an id with the time', () => {
    const before = Date.now()
    const id = newFileId()
    const after = Date.now()

    const time = parseInt(id.slice(0, 13).replace('-', ''), 16)

    expect(time).toBeGreaterThanOrEqual(before)
    expect(time).toBeLessThanOrEqual(after)
  })

  it('makes ids that parse', () => {
    const id = newFileId()

    expect(parseFileId(id)).toBe(id)
  })
})

describe('parseFileId', () => {
  it.each([
    ['1, of DEPOT on a local disk', V1],
    ['4, of DEPOT on Google Cloud Storage', V4],
    ['7, of filedepot', V7],
  ])('takes a UUID of version %s', (_, id) => {
    expect(parseFileId(id)).toBe(id)
  })

  it('knows one spelling only', () => {
    expect(parseFileId(V7.toUpperCase())).toBe(V7)
  })

  it.each([
    ['a path', '../../../../../../../../../etc/passwd'],
    ['a path as long as a UUID', '../../../../../../../../etc/../passwd'.slice(0, 36)],
    ['a UUID within a path', `../${V7}`],
    ['a UUID with something behind it', `${V7}/`],
    ['a UUID with a line break', `${V7.slice(0, 35)}\n`],
    ['a UUID with a null byte', `${V7.slice(0, 35)}\0`],
    ['a UUID without hyphens', V7.replaceAll('-', '')],
    ['a UUID in braces', `{${V7}}`],
    ['a UUID as a URN', `urn:uuid:${V7}`],
    ['spaces around it', ` ${V7} `],
    ['letters that are no hex digits', V7.replace('0', 'g')],
    ['an ObjectId of GridFS', '507f1f77bcf86cd799439011'],
    ['no text', ''],
    ['a number', 5],
    ['nothing', undefined],
    ['null', null],
    ['a list with a UUID', [V7]],
    ['an object that reads as a UUID', { length: 36, toString: () => V7 }],
  ])('refuses %s', (_, id) => {
    expect(thrown(() => parseFileId(id))).toMatchObject({
      code: 'INVALID_FILE_ID',
      message: expect.stringContaining('Expected a file id to be a UUID, got '),
    })
  })
})
