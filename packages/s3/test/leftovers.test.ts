import { afterEach, beforeEach, describe, expect, it } from '@jest/globals'
import { newFileId } from '@filedepot/core/backend'
import { S3Backend } from '@filedepot/s3'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'

const HOUR = 60 * 60 * 1000

interface Upload {
  readonly key: string
  readonly id: string
  readonly begun: Date
}

/** A service that answers with a page of two uploads at a time, which the server of the other tests does not. */
class UploadServer {
  uploads: Upload[] = []
  status = 200
  /** Ids of uploads that end before they can be aborted. */
  readonly gone = new Set<string>()
  readonly #server: Server = createServer((request, response) => {
    const { pathname, searchParams } = new URL(request.url ?? '/', 'http://localhost')
    if (request.method === 'DELETE') {
      const id = searchParams.get('uploadId') ?? ''
      this.uploads = this.uploads.filter((upload) => upload.id !== id)
      response.statusCode = this.gone.has(id) ? 404 : 204
      response.end(this.gone.has(id) ? '<Error><Code>NoSuchUpload</Code></Error>' : '')
      return
    }
    response.statusCode = this.status
    const { prefix = '', 'key-marker': after = '' } = Object.fromEntries(searchParams)
    const found =
      pathname.replace(/\/$/, '') === '/files'
        ? this.uploads.filter(({ key }) => key.startsWith(prefix) && key > after)
        : []
    const page = found.slice(0, 2)
    const uploads = page.map(
      ({ key, id, begun }) =>
        `<Upload><Key>${key}</Key><UploadId>${id}</UploadId><Initiated>${begun.toISOString()}</Initiated></Upload>`,
    )
    const more = found.length > 2 ? `<NextKeyMarker>${page.at(-1)?.key ?? ''}</NextKeyMarker>` : ''
    response.end(
      `<ListMultipartUploadsResult><IsTruncated>${found.length > 2}</IsTruncated>${more}${uploads.join('')}</ListMultipartUploadsResult>`,
    )
  })

  async listen(): Promise<string> {
    await new Promise<void>((resolve) => this.#server.listen(0, '127.0.0.1', resolve))
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`
  }

  close(): void {
    this.#server.closeAllConnections()
    this.#server.close()
  }
}

describe('uploads that were never completed', () => {
  let server: UploadServer
  let backend: S3Backend

  beforeEach(async () => {
    server = new UploadServer()
    backend = new S3Backend({
      bucket: 'files',
      prefix: 'uploads/',
      endpoint: await server.listen(),
      credentials: { accessKeyId: 'test', secretAccessKey: 'test' },
      forcePathStyle: true,
    })
  })

  afterEach(async () => {
    await backend.close()
    server.close()
  })

  /** Uploads that were begun so long ago, in milliseconds. */
  const begin = (ages: Readonly<Record<string, number>>): void => {
    const uploads = Object.entries(ages).map(([key, age]) => ({
      key,
      id: `of ${key}`,
      begun: new Date(Date.now() - age),
    }))
    server.uploads = uploads.sort((one, other) => (one.key < other.key ? -1 : 1))
  }
  const keysLeft = (): string[] => server.uploads.map(({ key }) => key)

  it('are aborted if they are old and ours, on every page', async () => {
    const [first, second, young] = [newFileId(), newFileId(), newFileId()]
    const others = [`uploads/film.mp4`, `uploads/thumbnails/${newFileId()}`, newFileId()]
    begin({
      [`uploads/${first}`]: 2 * HOUR,
      [`uploads/${second}`]: 2 * HOUR,
      [`uploads/${young}`]: 0,
      ...Object.fromEntries(others.map((key) => [key, 2 * HOUR])),
    })
    server.gone.add(`of uploads/${second}`)

    expect(await backend.sweepLeftovers({ olderThan: new Date(Date.now() - HOUR) })).toBe(1)

    expect(keysLeft()).toEqual([...others, `uploads/${young}`].sort())
  })

  it('stay if the credentials may not list them', async () => {
    begin({ [`uploads/${newFileId()}`]: 2 * HOUR })
    server.status = 403

    expect(await backend.sweepLeftovers({ olderThan: new Date() })).toBe(0)
    server.status = 404
    await expect(backend.sweepLeftovers({ olderThan: new Date() })).rejects.toBeInstanceOf(Error)
    expect(keysLeft()).toHaveLength(1)
  })

  it('are left up to an id, and after an abort', async () => {
    const ids = [newFileId(), newFileId(), newFileId()]
    begin(Object.fromEntries(ids.map((id) => [`uploads/${id}`, 2 * HOUR])))
    const olderThan = new Date()

    await expect(backend.sweepLeftovers({ olderThan, signal: AbortSignal.abort() })).rejects.toMatchObject({
      name: 'AbortError',
    })
    expect(await backend.sweepLeftovers({ olderThan, after: ids[0] })).toBe(2)

    expect(keysLeft()).toEqual([`uploads/${ids[0] ?? ''}`])
  })
})
