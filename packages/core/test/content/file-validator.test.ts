import { describe, expect, it } from '@jest/globals'
import { allowExtensions, allowTypes, type FileToValidate } from '../../src/content/file-validator.ts'
import { thrown } from '../support/failure.ts'
import { idsOf, memoryStorage } from '../support/storages.ts'
import { failure } from '../support/failure.ts'

function file(filename: string, contentType = 'application/octet-stream'): FileToValidate {
  const spool = () => Promise.reject(new Error('nobody looks inside'))
  return { filename, contentType, declaredType: undefined, size: 1, spool }
}

describe('allowTypes', () => {
  it.each([
    [['image/png'], 'image/png'],
    [['image/jpeg', 'image/png'], 'image/png'],
    [['image/*'], 'image/webp'],
    [['Image/*'], 'image/webp'],
    [['image/svg+xml'], 'image/svg+xml'],
    [['image/*', 'image/svg+xml'], 'image/svg+xml'],
    [['text/*'], 'text/csv'],
    [['text/csv'], 'text/csv; charset=utf-8'],
    [['audio/x-m4a'], 'audio/mp4'],
    [['image/jpg'], 'image/jpeg'],
    [['audio/wav'], 'audio/x-wav'],
    [['text/*', 'text/html'], 'text/html'],
  ])('lets %j accept %s', (types, contentType) => {
    expect(() => allowTypes(...types)(file('x', contentType))).not.toThrow()
  })

  it.each([
    [['image/png'], 'image/jpeg'],
    [['image/png'], 'image/png2'],
    [['image/*'], 'imageother/png'],
    [['image/*'], 'application/pdf'],
    [['image/*'], 'image/svg+xml'],
    [['text/*'], 'text/html'],
    [['text/*'], 'text/xml'],
    [['text/*'], 'text/javascript'],
    [['application/*'], 'application/xhtml+xml'],
    [['application/*'], 'application/javascript'],
    [['model/*'], 'model/x3d+xml'],
    [[], 'image/png'],
  ])('lets %j refuse %s', (types, contentType) => {
    const error = thrown(() => allowTypes(...types)(file('x.png', contentType)))

    expect(error.code).toBe('FILE_REFUSED')
    expect(error.message).toContain('"x.png"')
    expect(error.message).toContain(contentType)
  })

  it.each(['png', '.png', '*/*', 'image', 'image/', '', 'image/png; q=1'])(
    'does not know the type %j',
    (type) => {
      expect(thrown(() => allowTypes(type))).toMatchObject({ code: 'INVALID_ARGUMENT' })
    },
  )

  it('looks at the bytes, so that a renamed page does not pass', async () => {
    const files = memoryStorage()
    const page = new File(['<html><script>'], 'photo.jpg', { type: 'image/jpeg' })

    const error = await failure(files.create(page, { validators: [allowTypes('image/*')] }))

    expect(error.code).toBe('FILE_REFUSED')
    expect(await idsOf(files)).toEqual([])
  })
})

describe('allowExtensions', () => {
  it.each([
    [['.pdf'], 'report.pdf'],
    [['.pdf'], 'REPORT.PDF'],
    [['.PDF'], 'report.pdf'],
    [['.png', '.gz'], 'all.tar.gz'],
  ])('lets %j accept %s', (extensions, filename) => {
    expect(() => allowExtensions(...extensions)(file(filename))).not.toThrow()
  })

  it.each([
    [['.pdf'], 'report.pdf.exe', '.exe'],
    [['.pdf'], 'report', 'no extension'],
    [['.pdf'], '.pdf', 'no extension'],
    [['.pdf'], 'reportpdf', 'no extension'],
  ])('lets %j refuse %s', (extensions, filename, got) => {
    const error = thrown(() => allowExtensions(...extensions)(file(filename)))

    expect(error).toMatchObject({
      code: 'FILE_REFUSED',
      message: `Expected "${filename}" to be .pdf, got ${got}`,
    })
  })

  it('wants an extension with its dot', () => {
    expect(thrown(() => allowExtensions('pdf'))).toMatchObject({ code: 'INVALID_ARGUMENT' })
  })
})
