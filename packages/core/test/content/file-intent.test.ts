import { describe, expect, it } from '@jest/globals'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { FileIntent, fromDataUrl, fromPath } from '../../src/content/file-intent.ts'
import { bytesOf } from '../support/bytes.ts'
import { failure, thrown } from '../support/failure.ts'
import { idsOf, memoryStorage } from '../support/storages.ts'
import { temporaryFolders } from '../support/temporary-folder.ts'

const temporaryFolder = temporaryFolders()

describe('FileIntent', () => {
  it('wins over what the content says of itself', async () => {
    const files = memoryStorage()
    const content = new File(['a,b\n'], 'upload.txt', { type: 'text/plain' })
    const intent = new FileIntent(content, { filename: 'people.csv', contentType: 'text/csv' })

    const record = await files.store(intent)

    expect(record).toMatchObject({
      filename: 'people.csv',
      contentType: 'text/csv',
      declaredType: 'text/plain',
    })
  })

  it('leaves to the content what it does not say', async () => {
    const files = memoryStorage()
    const content = new File(['a,b\n'], 'people.csv', { type: 'text/csv' })

    const named = await files.store(new FileIntent(content, { filename: 'all.csv' }))
    const bare = await files.store(new FileIntent(content))

    expect(named).toMatchObject({ filename: 'all.csv', contentType: 'text/csv' })
    expect(bare).toMatchObject({ filename: 'people.csv', contentType: 'text/csv' })
  })

  it('may hold an intent', async () => {
    const files = memoryStorage()
    const inner = new FileIntent(bytesOf(3), { filename: 'inner.bin', contentType: 'application/x-inner' })

    const record = await files.store(new FileIntent(inner, { filename: 'outer.bin' }))

    expect(record).toMatchObject({ filename: 'outer.bin', contentType: 'application/x-inner', size: 3 })
  })
})

describe('fromPath', () => {
  it('stores the file, named after it, as often as it is asked to', async () => {
    const files = memoryStorage()
    const path = join(await temporaryFolder(), 'report.bin')
    const bytes = bytesOf(700_000)
    await writeFile(path, bytes)
    const content = fromPath(path)

    const first = await files.create(content)
    const second = await files.create(content)

    for (const id of [first, second]) {
      const file = await files.get(id)
      expect(file.filename).toBe('report.bin')
      expect((await file.bytes()).equals(bytes)).toBe(true)
    }
  })

  it('takes another name', async () => {
    const files = memoryStorage()
    const path = join(await temporaryFolder(), 'tmp-8412')
    await writeFile(path, 'hello')

    const record = await files.store(fromPath(path, { filename: 'hello.txt' }))

    expect(record).toMatchObject({ filename: 'hello.txt', contentType: 'text/plain', size: 5 })
  })

  it('says why a file cannot be read, and stores nothing', async () => {
    const files = memoryStorage()
    const path = join(await temporaryFolder(), 'missing.pdf')

    const error = await failure(files.create(fromPath(path)))

    expect(error).toMatchObject({ code: 'CONTENT_FAILED', cause: { code: 'ENOENT', path } })
    expect(error.message).toContain('"missing.pdf"')
    expect(await idsOf(files)).toEqual([])
  })

  it('says that a folder is no file', async () => {
    const files = memoryStorage()

    const error = await failure(files.create(fromPath(await temporaryFolder())))

    expect(error).toMatchObject({ code: 'CONTENT_FAILED', cause: { code: 'EISDIR' } })
    expect(await idsOf(files)).toEqual([])
  })

  it.each(['', undefined, null, 5, new URL('file:///etc/passwd')])('refuses %p', (path) => {
    expect(thrown(() => fromPath(path as never)).code).toBe('INVALID_ARGUMENT')
  })
})

describe('fromDataUrl', () => {
  it.each([
    ['base64', 'data:text/plain;base64,aGVsbG8=', 'hello', 'text/plain'],
    ['percent-encoded', 'data:text/plain,hello%20world', 'hello world', 'text/plain'],
    ['UTF-8 that is percent-encoded', 'data:text/plain,%C3%A9', 'é', 'text/plain'],
    ['UTF-8 as it is', 'data:text/plain,é€😀', 'é€😀', 'text/plain'],
    ['parameters', 'data:text/csv;charset=utf-8;base64,YSxi', 'a,b', 'text/csv'],
    ['base64 that is percent-encoded', 'data:text/plain;base64,aGVsbG8%3D', 'hello', 'text/plain'],
    ['capitals', 'DATA:Text/Plain;BASE64,aGVsbG8=', 'hello', 'text/plain'],
    ['a comma in the data', 'data:text/csv,a,b', 'a,b', 'text/csv'],
    ['a line break in the data', 'data:text/plain,a\nb', 'a\nb', 'text/plain'],
    ['no type', 'data:,hello', 'hello', undefined],
    ['no data', 'data:text/plain,', '', 'text/plain'],
  ])('reads %s', async (_, url, text, declaredType) => {
    const files = memoryStorage()

    const record = await files.store(fromDataUrl(url))

    expect(await (await files.get(record.id)).text()).toBe(text)
    expect(record).toMatchObject({ filename: 'unnamed', declaredType })
  })

  it('takes a name and a type of ours, and can be stored again', async () => {
    const files = memoryStorage()
    const content = fromDataUrl('data:image/gif;base64,R0lGODlhAQABAAAAACw=', { filename: 'dot.gif' })

    const first = await files.store(content)
    const second = await files.store(content, { contentType: 'image/x-dot' })

    expect(first).toMatchObject({ filename: 'dot.gif', contentType: 'image/gif', declaredType: 'image/gif' })
    expect(second).toMatchObject({ filename: 'dot.gif', contentType: 'image/x-dot' })
  })

  it('takes the type inside for what it is, a claim of the client', async () => {
    const files = memoryStorage()

    const record = await files.store(fromDataUrl('data:image/png;base64,PGh0bWw+'))

    expect(record).toMatchObject({ contentType: 'text/html', declaredType: 'image/png' })
  })

  it.each(['', 'hello', 'http://example.com/', 'data:', 'data:text/plain', ' data:,x', undefined, null, {}])(
    'refuses %p',
    (url) => {
      expect(thrown(() => fromDataUrl(url as never)).code).toBe('INVALID_CONTENT')
    },
  )

  it('refuses a long URL without data quickly', () => {
    const url = `data:text/plain${';a=b'.repeat(50_000)}`

    const start = performance.now()

    expect(thrown(() => fromDataUrl(url)).code).toBe('INVALID_CONTENT')
    expect(performance.now() - start).toBeLessThan(2000)
  })
})
