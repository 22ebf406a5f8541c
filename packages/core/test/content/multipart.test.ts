import { describe, expect, it } from '@jest/globals'
import { EventEmitter } from 'node:events'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { PassThrough, Readable } from 'node:stream'
import type { FileContent } from '../../src/content/file-content.ts'
import { fromPath } from '../../src/content/file-intent.ts'
import { bytesOf } from '../support/bytes.ts'
import { failure } from '../support/failure.ts'
import { idsOf, memoryStorage } from '../support/storages.ts'
import { temporaryFolders } from '../support/temporary-folder.ts'

const temporaryFolder = temporaryFolders()

/** As formidable's own class: an object that has methods and a path. */
class PersistentFile extends EventEmitter {
  readonly newFilename = 'd41d8cd9'
  constructor(
    readonly filepath: string,
    readonly originalFilename: string | null,
    readonly mimetype: string | null,
  ) {
    super()
  }
}

async function store(content: FileContent) {
  const files = memoryStorage()
  const { id, filename, contentType, declaredType } = await files.store(content)
  return { filename, contentType, declaredType, text: await (await files.get(id)).text() }
}

describe('a file of multer', () => {
  it('is taken from its memory storage', async () => {
    const file = {
      fieldname: 'photo',
      originalname: 'notes.md',
      encoding: '7bit',
      mimetype: 'text/markdown',
      buffer: Buffer.from('# hi'),
      size: 4,
    }

    expect(await store(file)).toEqual({
      filename: 'notes.md',
      contentType: 'text/markdown',
      declaredType: 'text/markdown',
      text: '# hi',
    })
  })

  it('has a type that only counts as far as the bytes agree', async () => {
    const file = { originalname: 'me.png', mimetype: 'image/png', buffer: Buffer.from('<html>') }

    expect(await store(file)).toMatchObject({
      contentType: 'text/html',
      declaredType: 'image/png',
    })
  })

  it('is not taken from its disk storage, and the error says how it is', async () => {
    const files = memoryStorage()
    const path = join(await temporaryFolder(), '8f14e45f')
    await writeFile(path, 'hello')
    const file = {
      originalname: 'hello.txt',
      mimetype: 'text/plain',
      path,
      destination: '/tmp',
      filename: '8f14e45f',
    }

    const error = await failure(files.create(file as never))
    const record = await files.store(fromPath(file.path, { filename: file.originalname }))

    expect(error).toMatchObject({ code: 'INVALID_CONTENT' })
    expect(error.message).toContain('use fromPath(file.path, { filename: file.originalname })')
    expect(record).toMatchObject({ filename: 'hello.txt', contentType: 'text/plain', size: 5 })
    expect(await idsOf(files)).toEqual([record.id])
  })
})

describe('a part of @fastify/multipart', () => {
  const part = (file: Readable & { truncated?: boolean }) => ({
    type: 'file',
    fieldname: 'photo',
    filename: 'notes.txt',
    mimetype: 'text/plain',
    file,
    fields: {},
  })

  it('is taken', async () => {
    expect(await store(part(Readable.from([Buffer.from('hi')])))).toEqual({
      filename: 'notes.txt',
      contentType: 'text/plain',
      declaredType: 'text/plain',
      text: 'hi',
    })
  })

  it.each([10, 300_000])('of %p bytes is refused where the parser cut it at its limit', async (size) => {
    const files = memoryStorage()
    const stream: PassThrough & { truncated?: boolean } = new PassThrough()
    // The parser knows only when it has seen one byte too many, which is at the end of what it passes on.
    stream.once('data', () => {
      stream.truncated = true
    })
    stream.pause()
    stream.end(bytesOf(size))

    const error = await failure(files.create(part(stream)))

    expect(error).toMatchObject({ code: 'FILE_TOO_LARGE' })
    expect(error.message).toContain('"notes.txt"')
    expect(await idsOf(files)).toEqual([])
  })

  it('is taken where the parser says that it is whole', async () => {
    const stream = Object.assign(Readable.from([Buffer.from('hi')]), { truncated: false })

    expect(await store(part(stream))).toMatchObject({ text: 'hi' })
  })
})

describe('a file that @fastify/multipart has saved', () => {
  it('is not taken, and the error says how it is', async () => {
    const files = memoryStorage()
    const filepath = join(await temporaryFolder(), '8f14e45f')
    await writeFile(filepath, 'hello')
    const file = { type: 'file', fieldname: 'f', filename: 'hello.txt', mimetype: 'text/plain', filepath }

    const error = await failure(files.create(file as never))
    const record = await files.store(fromPath(file.filepath, { filename: file.filename }))

    expect(error).toMatchObject({ code: 'INVALID_CONTENT' })
    expect(error.message).toContain('use fromPath(file.filepath, { filename: file.filename })')
    expect(record).toMatchObject({ filename: 'hello.txt', size: 5 })
  })
})

describe('any other part', () => {
  it('may hold bytes', async () => {
    expect(await store({ filename: 'a.txt', file: Buffer.from('hi') })).toMatchObject({
      filename: 'a.txt',
      text: 'hi',
    })
  })

  it('may hold a stream without a name', async () => {
    expect(await store({ file: Readable.from([Buffer.from('hi')]) })).toMatchObject({
      filename: 'unnamed',
      text: 'hi',
    })
  })

  it.each([
    ['grÃ¼n.txt', 'grün.txt'],
    ['æ\u0097¥æ\u009c¬.txt', '日本.txt'],
    // What is no UTF-8, or was read as UTF-8 already, is left alone.
    ['grün.txt', 'grün.txt'],
    ['日本 Ã¼.txt', '日本 Ã¼.txt'],
    ['plain.txt', 'plain.txt'],
  ])('names %j, as a parser that reads UTF-8 as latin1 has it, %j', async (originalname, filename) => {
    const file = { originalname, mimetype: 'text/plain', buffer: Buffer.from('hi') }

    expect(await store(file)).toMatchObject({ filename })
  })

  it('counts an empty name or type as none', async () => {
    const file = { originalname: '', mimetype: '', buffer: Buffer.from('hi') }

    expect(await store(file)).toMatchObject({ filename: 'unnamed', declaredType: undefined })
  })
})

describe('a file of formidable', () => {
  it('is taken, under the name that the client gave it', async () => {
    const path = join(await temporaryFolder(), 'd41d8cd9')
    await writeFile(path, 'a,b')

    expect(await store(new PersistentFile(path, 'people.csv', 'text/csv'))).toEqual({
      filename: 'people.csv',
      contentType: 'text/csv',
      declaredType: 'text/csv',
      text: 'a,b',
    })
  })

  it('is taken without a name and a type', async () => {
    const path = join(await temporaryFolder(), 'd41d8cd9')
    await writeFile(path, 'a,b')

    expect(await store(new PersistentFile(path, null, null))).toMatchObject({
      declaredType: undefined,
      text: 'a,b',
    })
  })
})

describe('a path that a client sent', () => {
  class UploadDto {
    filepath = '/etc/passwd'
  }

  it.each<[string, unknown]>([
    ['path', JSON.parse('{"path":"/etc/passwd"}')],
    ['filepath', JSON.parse('{"filepath":"/etc/passwd"}')],
    [
      'filepath beside a name',
      JSON.parse('{"filepath":"/etc/passwd","originalFilename":"a","mimetype":"text/plain"}'),
    ],
    ['path beside a null', JSON.parse('{"filepath":null,"path":"/etc/passwd"}')],
    ['path beside a number', JSON.parse('{"filepath":1,"path":"/etc/passwd"}')],
    ['path in a list', JSON.parse('[{"path":"/etc/passwd"}]')],
    ['path in an inner object', JSON.parse('{"file":{"path":"/etc/passwd"}}')],
    ['__proto__ with a path', JSON.parse('{"__proto__":{"filepath":"/etc/passwd"}}')],
    ['constructor', JSON.parse('{"constructor":{"name":"PersistentFile"},"filepath":"/etc/passwd"}')],
    [
      'an object of node:querystring',
      Object.assign(Object.create(null) as object, { filepath: '/etc/passwd' }),
    ],
    ['a class that a JSON body was put into', new UploadDto()],
    ['a FileOnDisk made of JSON', { content: { path: '/etc/passwd' } }],
  ])('is never read: %s', async (_, body) => {
    const files = memoryStorage()

    const error = await failure(files.create(body as never))

    expect(error.code).toBe('INVALID_CONTENT')
    expect(await idsOf(files)).toEqual([])
  })
})
