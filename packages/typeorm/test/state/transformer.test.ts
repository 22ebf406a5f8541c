import 'reflect-metadata'
import { DepotManager, MemoryBackend, UploadedFile } from '@filedepot/core'
import { readRowValue } from '@filedepot/core/integration'
import { uploadedFileColumn } from '@filedepot/typeorm'
import { beforeAll, describe, expect, it } from '@jest/globals'
import fc from 'fast-check'
import { Readable } from 'node:stream'
import { textFile } from '../support/contents.ts'

class Photo extends UploadedFile {}

const single = uploadedFileColumn().transformer
const several = uploadedFileColumn({ array: true }).transformer

let stored: UploadedFile
let another: UploadedFile

beforeAll(async () => {
  const depot = new DepotManager()
  depot.configure('default', new MemoryBackend())
  stored = await depot.upload(textFile('one', 'Straße "\\u0000".txt'))
  another = await depot.upload(Photo.from(Buffer.from('two')))
})

/** Whatever a program could put into a property, or into a criterion. */
const anything = fc.oneof(
  fc.anything({ withBigInt: true, withDate: true, withMap: true, withSet: true, withTypedArray: true }),
  fc
    .constantFrom<(() => unknown)[]>(
      () => stored,
      () => textFile('pending'),
      () => [stored, another],
      () => [stored, textFile('pending')],
      () => [stored, null],
      () => Readable.from([Buffer.from('x')]),
      () => new Blob(['x']),
      () => Promise.resolve(stored),
      () => Buffer.from('x'),
      () => Symbol('x'),
      () => () => 'NULL',
      () => Object.create(null) as unknown,
      () =>
        new Proxy(
          {},
          {
            get: () => {
              throw new Error('do not look')
            },
          },
        ),
    )
    .map((make) => make()),
)

describe('the transformer of a file column', () => {
  it.each([
    ['one file', single],
    ['several', several],
  ])(
    'of %s never throws on the way to the database, and says the same of a value each time',
    (_, transformer) => {
      fc.assert(
        fc.property(anything, (value) => {
          const first = transformer.to(value) as unknown

          if (typeof value === 'object') expect(transformer.to(value)).toBe(first)
          // What the driver gets is nothing, a text that can be read, or what it refuses.
          if (value === null || value === undefined) expect(first).toBe(value)
          else if (typeof first === 'string') expect(() => several.from(first) as unknown).not.toThrow()
          else expect((first as object).constructor.name).toBe('UnsavedFile')
        }),
        { numRuns: 2000 },
      )
    },
  )

  it('gives the text of a stored value, the same one each time', () => {
    const text = single.to(stored) as string

    expect(JSON.parse(text)).toEqual(JSON.parse(JSON.stringify(stored)))
    expect(single.to(readRowValue(UploadedFile, text))).toBe(text)
    expect(several.to([stored, another])).toBe(`[${text},${JSON.stringify(another)}]`)
    expect(several.to([])).toBe('[]')
  })

  it('lets null and undefined pass', () => {
    expect([single.to(null), single.to(undefined), several.to(null)]).toEqual([null, undefined, null])
    expect([single.from(null), single.from(undefined), several.from(null)]).toEqual([null, null, null])
  })

  it('reads back what it wrote, as the upload type of the column', () => {
    const photo = uploadedFileColumn({ type: Photo }).transformer

    const loaded = photo.from(photo.to(another)) as Photo

    expect(loaded).toBeInstanceOf(Photo)
    expect(loaded.equals(another)).toBe(true)
    expect(JSON.stringify(loaded)).toBe(JSON.stringify(another))
  })

  it('reads one file as a list of one, where a column became an array', () => {
    expect(several.from(single.to(stored))).toMatchObject([{ id: stored.id }])
  })

  it.each([
    ['a text that is no JSON', 'not JSON'],
    ['JSON of something else', '{"a":1}'],
    ['a number', 7],
    ['an empty text', ''],
  ])('reads %s as a broken value, and gives it back as it is', (_, text) => {
    const one = single.from(text) as UploadedFile
    const list = several.from(text) as UploadedFile[]

    for (const file of [one, ...list]) {
      expect(() => file.path).toThrow(expect.objectContaining({ code: 'INVALID_VALUE' }))
    }
    expect(single.to(one)).toBe(String(text))
    expect(several.to(list)).toBe(String(text))
  })

  it('reads a list with a broken element, and gives it back', () => {
    const text = `[${single.to(stored) as string},{"a":1},${single.to(another) as string}]`

    const list = several.from(text) as UploadedFile[]

    expect([list[0]?.id, list[2]?.id]).toEqual([stored.id, another.id])
    expect(() => list[1]?.path).toThrow(expect.objectContaining({ code: 'INVALID_VALUE' }))
    expect(several.to(list)).toBe(text)
  })

  it('gives text that is no list beside another file to no row', () => {
    const list = [...(several.from('not JSON') as UploadedFile[]), stored]

    expect((several.to(list) as object).constructor.name).toBe('UnsavedFile')
  })
})
