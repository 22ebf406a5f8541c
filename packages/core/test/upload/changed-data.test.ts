import { describe, expect, it } from '@jest/globals'
import { allowExtensions } from '../../src/content/file-validator.ts'
import { attachFile } from '../../src/transaction/attach-file.ts'
import { FileTransaction } from '../../src/transaction/file-transaction.ts'
import { readRowValue } from '../../src/upload/row-value.ts'
import { discardUnowned, isRevoked, markRevoked } from '../../src/upload/ownership.ts'
import { UploadedFile } from '../../src/upload/uploaded-file.ts'
import { isVerified } from '../../src/upload/verification.ts'
import { textOf } from '../../src/upload/value-text.ts'
import { failure, thrown } from '../support/failure.ts'
import { fieldsOf } from '../support/fields.ts'
import { memoryDepot, pathsOf } from '../support/storages.ts'

class Photo extends UploadedFile {}

async function stored() {
  const depot = memoryDepot()
  const file = await depot.upload(Photo.from(Buffer.from('hello'), { filename: 'old.txt' }))
  return { depot, file }
}

describe('a file under another name', () => {
  it('is a value of its own, of the same file', async () => {
    const { depot, file } = await stored()

    const renamed = file.with({ filename: 'new.txt' })

    expect(renamed).toBeInstanceOf(Photo)
    expect(fieldsOf(renamed)).toEqual({ ...fieldsOf(file), filename: 'new.txt' })
    expect(renamed.equals(file)).toBe(true)
    expect(Object.isFrozen(renamed)).toBe(true)
    expect(file.filename).toBe('old.txt')
    expect((await renamed.bytes()).toString()).toBe('hello')
    expect(await pathsOf(depot)).toEqual([file.path])
  })

  it('has a text of its own', async () => {
    const { file } = await stored()
    const before = textOf(file)

    expect(JSON.parse(textOf(file.with({ filename: 'new.txt' })))).toEqual({
      ...(JSON.parse(before) as object),
      filename: 'new.txt',
    })
    expect(textOf(file)).toBe(before)
  })

  it('has a clean name', async () => {
    const { file } = await stored()

    expect(file.with({ filename: '../a\u0000\u202eb.txt' }).filename).toBe('ab.txt')
    expect(file.with({}).filename).toBe('old.txt')
    expect(thrown(() => file.with({ filename: 5 as never }))).toMatchObject({
      code: 'INVALID_ARGUMENT',
      message: 'Expected filename to be a text, got 5 (number)',
    })
  })

  it('is believed as far as the value that it was made of', async () => {
    const { file } = await stored()

    expect(isVerified(file.with({ filename: 'a' }))).toBe(true)
    expect(isVerified(UploadedFile.fromJSON(file.toJSON()).with({ filename: 'a' }))).toBe(false)
  })

  it('cannot be made of a pending value, nor of a broken one', () => {
    const pending = UploadedFile.from(Buffer.from('a'))
    const broken = readRowValue(UploadedFile, 'none')

    expect(thrown(() => pending.with({ filename: 'a' }))).toMatchObject({ code: 'PENDING_FILE' })
    expect(thrown(() => broken.with({ filename: 'a' }))).toMatchObject({ code: 'INVALID_VALUE' })
  })
})

describe('other metadata', () => {
  it('stand beside those that there are, or in their place', async () => {
    const { file } = await stored()
    const tags = ['a']

    const first = file.with({ metadata: { alt: 'one', tags, left: 1 } })
    const second = first.with({ metadata: { alt: 'two', left: undefined } })

    tags.push('b')
    expect(first.metadata).toEqual({ alt: 'one', tags: ['a'], left: 1 })
    expect(second.metadata).toEqual({ alt: 'two', tags: ['a'] })
    expect(second.filename).toBe('old.txt')
    expect(Object.isFrozen(second.metadata.tags)).toBe(true)
  })

  it.each([['text'], [['a']], [null], [{ a: new Date() }], [{ a: () => 1 }], [{ a: NaN }]])(
    'are JSON: not %p',
    async (metadata) => {
      const { file } = await stored()

      expect(thrown(() => file.with({ metadata: metadata as never }))).toMatchObject({
        code: 'INVALID_ARGUMENT',
      })
    },
  )
})

describe('two values of one file', () => {
  const transactionOf = (depot: ReturnType<typeof memoryDepot>) => new FileTransaction(depot)

  it('belong to one row: a second row gets a copy, with the name', async () => {
    const { depot, file } = await stored()
    const transaction = transactionOf(depot)
    const renamed = file.with({ filename: 'new.txt' })

    const first = await attachFile(depot, transaction, renamed, { type: UploadedFile })
    const second = await attachFile(depot, transaction, file, { type: UploadedFile })
    const third = await attachFile(depot, transaction, renamed, { type: UploadedFile })

    expect(first).toBe(renamed)
    expect([first.path, second.path, third.path].filter((path) => path === file.path)).toHaveLength(1)
    expect([second.filename, third.filename]).toEqual(['old.txt', 'new.txt'])
  })

  it('are discarded together, and revoked together', async () => {
    const { depot, file } = await stored()
    const renamed = file.with({ filename: 'new.txt' })

    await discardUnowned(file, () => depot.deleteFiles(file.files))

    expect(isRevoked(renamed)).toBe(true)
    const attaching = attachFile(depot, transactionOf(depot), renamed, { type: UploadedFile })
    expect(await failure(attaching)).toMatchObject({ code: 'FILE_DISCARDED' })
  })

  it('share what a rollback has removed', async () => {
    const { file } = await stored()
    const renamed = file.with({ filename: 'new.txt' })

    markRevoked(renamed)

    expect(isRevoked(file)).toBe(true)
  })
})

describe('the rules of a column', () => {
  const validators = [allowExtensions('.txt')]

  it('hold for a new name of what the row holds', async () => {
    const { depot, file } = await stored()
    const attach = (value: UploadedFile) =>
      attachFile(depot, new FileTransaction(depot), value, {
        type: UploadedFile,
        validators,
        current: [file],
      })

    expect((await attach(file.with({ filename: 'b.txt' }))).filename).toBe('b.txt')
    expect(await failure(attach(file.with({ filename: 'b.exe' })))).toMatchObject({ code: 'FILE_REFUSED' })
  })

  it('hold for a new name of a value that keeps to them', async () => {
    const depot = memoryDepot()
    const file = await depot.upload(UploadedFile.from(Buffer.from('a'), { filename: 'a.txt' }), {
      validators,
    })
    const attach = (value: UploadedFile) =>
      attachFile(depot, new FileTransaction(depot), value, { type: UploadedFile, validators })

    expect(await failure(attach(file.with({ filename: 'b.exe' })))).toMatchObject({ code: 'FILE_REFUSED' })
    expect((await attach(file.with({ filename: 'b.txt' }))).filename).toBe('b.txt')
  })
})

describe('the constructor', () => {
  it('refuses to make a value of nothing, as class-transformer asks it to', () => {
    const construct = () => new (Photo as unknown as new () => Photo)()

    expect(thrown(construct)).toMatchObject({
      code: 'INVALID_ARGUMENT',
      message: expect.stringContaining('@Type(() => FileDto)') as unknown,
    })
  })
})
