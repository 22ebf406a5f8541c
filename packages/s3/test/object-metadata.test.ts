import { PutObjectCommand } from '@aws-sdk/client-s3'
import { describe, expect, it } from '@jest/globals'
import { FileStorage } from '@filedepot/core'
import { newFileId } from '@filedepot/core/backend'
import fc from 'fast-check'
import { headersOf, statOf } from '../src/object-metadata.ts'
import { clientOf, backendOn, removeBucket } from './support/buckets.ts'
import { proxied } from './support/proxied.ts'
import { bytesOf, chunksOf, failure, infoOf, MIB } from './support/samples.ts'
import { describeOnServers, type S3Server } from './support/servers.ts'

const NOW = new Date('2026-01-31T12:00:00.750Z')

describe('the headers of an object', () => {
  it('are those that Python’s DEPOT writes, and two more', () => {
    const info = infoOf({
      filename: '些公 1.pdf',
      contentType: 'application/pdf',
      sha256: 'ab'.repeat(32),
      metadata: { Author: 'Ada Lovelace' },
    })

    expect(headersOf({ ...info, lastModified: NOW })).toEqual({
      ContentType: 'application/pdf',
      ContentDisposition: `attachment; filename="?? 1.pdf"; filename*=UTF-8''%E4%BA%9B%E5%85%AC%201.pdf`,
      Metadata: {
        'x-depot-filename': '%E4%BA%9B%E5%85%AC%201.pdf',
        'x-depot-modified': '2026-01-31 12:00:00',
        'x-depot-sha256': 'ab'.repeat(32),
        'x-depot-metadata': '{"Author":"Ada%20Lovelace"}',
      },
    })
  })

  it('are printable ASCII without two spaces in a row, whatever the file is called, and read back as they were', () => {
    const text = fc.string({ unit: 'binary' })
    const metadata = fc.dictionary(text, text)
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme', maxLength: 80 }), metadata, (filename, custom) => {
        const headers = headersOf(infoOf({ filename, metadata: custom }))

        for (const header of Object.values(headers.Metadata ?? {}))
          expect(header).toMatch(/^([!-~]| (?! ))*$/)
        expect(headers.ContentDisposition).toMatch(/^[ -~]*$/)
        const stat = statOf('id', headers)
        expect([stat.filename, stat.metadata]).toEqual([filename, custom])
      }),
    )
  })

  it('take half a surrogate pair, which no URL can hold, as unknown', () => {
    const headers = headersOf(infoOf({ filename: 'a\ud800.txt', metadata: { half: '\udfff' } }))

    expect(statOf('id', headers)).toMatchObject({ filename: 'a\ufffd.txt', metadata: { half: '\udfff' } })
  })

  it.each<[string, string]>([
    ['plain.txt', 'inline; filename="plain.txt"'],
    ['with "quotes".txt', 'inline; filename="with \\"quotes\\".txt"'],
    ['café.txt', `inline; filename="caf?.txt"; filename*=UTF-8''caf%C3%A9.txt`],
    ['100%25.txt', `inline; filename="100%25.txt"; filename*=UTF-8''100%2525.txt`],
    ['👩‍🚀.png', `inline; filename="???.png"; filename*=UTF-8''%F0%9F%91%A9%E2%80%8D%F0%9F%9A%80.png`],
  ])('tell browsers the name %p', (filename, expected) => {
    expect(headersOf(infoOf({ filename })).ContentDisposition).toBe(expected)
  })
})

/** Puts an object past the backend. */
async function put(
  server: S3Server,
  bucket: string,
  id: string,
  object: { ContentType?: string; Metadata?: Record<string, string> } = {},
): Promise<void> {
  const client = clientOf(server)
  const Body = Buffer.from('hello')
  await client.send(new PutObjectCommand({ Bucket: bucket, Key: id, Body, ...object }))
  client.destroy()
}

describeOnServers('an object of another program', (server) => {
  it('is read with the name and the time that Python’s DEPOT gave it', async () => {
    const backend = await backendOn(server)
    const id = '0f1a2b3c-4d5e-11ee-8000-0242ac120002'
    await put(server, backend.bucket, id, {
      ContentType: 'application/pdf',
      Metadata: { 'x-depot-filename': '%E4%BA%9B%E5%85%AC.pdf', 'x-depot-modified': '2019-03-04 05:06:07' },
    })

    const file = await new FileStorage('docs', backend).get(id)

    expect(file).toMatchObject({
      filename: '些公.pdf',
      contentType: 'application/pdf',
      size: 5,
      sha256: undefined,
      lastModified: new Date('2019-03-04T05:06:07Z'),
      metadata: {},
    })
    expect(await file.text()).toBe('hello')
    await removeBucket(server, backend.bucket)
  })

  it('is read without a name where it has none, or one that is no DEPOT’s', async () => {
    const backend = await backendOn(server)
    const [bare, odd] = [newFileId(), newFileId()]
    await put(server, backend.bucket, bare)
    await put(server, backend.bucket, odd, {
      Metadata: { 'x-depot-filename': '100% sure.txt', 'x-depot-modified': 'yesterday', author: 'Ada' },
    })

    const files = new FileStorage('docs', backend)
    const [first, second] = [await files.get(bare), await files.get(odd)]

    expect([first.filename, first.contentType]).toEqual(['unnamed', 'application/octet-stream'])
    expect([second.filename, second.metadata]).toEqual(['100% sure.txt', {}])
    expect(Math.abs(second.lastModified.getTime() - Date.now())).toBeLessThan(60_000)
    await removeBucket(server, backend.bucket)
  })

  it('is CORRUPT_FILE where its metadata cannot be read back', async () => {
    const backend = await backendOn(server)
    const id = newFileId()
    await put(server, backend.bucket, id, { Metadata: { 'x-depot-metadata': '{"author":' } })

    const error = await failure(new FileStorage('docs', backend).get(id))

    expect(error).toMatchObject({ code: 'CORRUPT_FILE', cause: { name: 'SyntaxError' } })
    await removeBucket(server, backend.bucket)
  })
})

describeOnServers('the hash of a file', (server) => {
  it('is kept with a file that ends within two parts, and known to the row alone of a larger one', async () => {
    await using setup = await proxied(server)
    const { files } = setup

    for (const size of [10, MIB, 9 * MIB]) {
      const stored = await files.store(chunksOf(bytesOf(size)))
      expect((await files.get(stored.id)).sha256).toBe(stored.sha256)
    }

    const large = await files.store(chunksOf(bytesOf(11 * MIB)))
    expect(large.sha256).toMatch(/^[0-9a-f]{64}$/)
    expect((await files.get(large.id)).sha256).toBeUndefined()
  })

  it('is sent for the service to check where it takes checksums, and not elsewhere', async () => {
    await using plain = await proxied(server)
    await using checked = await proxied(server, { requestChecksumCalculation: 'WHEN_SUPPORTED' })

    const { sha256 } = await checked.files.store(bytesOf(1000))
    await plain.files.store(bytesOf(1000))
    await checked.files.store(chunksOf(bytesOf(6 * MIB)))

    const checksums = (headers: object): string[] =>
      Object.keys(headers).filter((name) => name.startsWith('x-amz-checksum-'))
    const put = checked.proxy.headers[checked.proxy.operations.indexOf('PutObject')] ?? {}
    expect(put['x-amz-checksum-sha256']).toBe(Buffer.from(sha256, 'hex').toString('base64'))
    expect(plain.proxy.headers.flatMap(checksums)).toEqual([])
    const part = checked.proxy.headers[checked.proxy.operations.indexOf('UploadPart')] ?? {}
    expect(checksums(part)).toEqual(['x-amz-checksum-crc32'])
  })
})
