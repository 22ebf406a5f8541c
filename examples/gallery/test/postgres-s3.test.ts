import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { startFauxqs } from 'fauxqs'
import { randomUUID } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { parseEnv } from 'node:util'
import { DataSource } from 'typeorm'
import { Rows } from './support/kept.ts'
import { jpeg } from './support/pictures.ts'
import { startGallery, type RunningGallery } from './support/running-gallery.ts'

// The same gallery, where the environment names a PostgreSQL and an S3 service, as compose.env does.

const server = process.env.FILEDEPOT_TEST_POSTGRES_URL ?? ''
const describeOnPostgres = server === '' ? describe.skip : describe

describeOnPostgres('the gallery on PostgreSQL and S3', () => {
  const database = `gallery_${randomUUID().replaceAll('-', '')}`
  let url: URL
  let s3: Awaited<ReturnType<typeof startFauxqs>>
  let gallery: RunningGallery
  let bucket: string

  async function administer(sql: string): Promise<void> {
    const dataSource = await new DataSource({ type: 'postgres', url: server }).initialize()
    await dataSource.query(sql)
    await dataSource.destroy()
  }

  beforeAll(async () => {
    await administer(`CREATE DATABASE ${database}`)
    url = new URL(server)
    url.pathname = database
    s3 = await startFauxqs({ port: 0, logger: false })
    const documented = parseEnv(await readFile(join('examples', 'gallery', 'compose.env'), 'utf8'))
    bucket = documented.DEPOT_BUCKET!
    gallery = await startGallery({
      ...(documented as Record<string, string>),
      DATABASE_URL: url.href,
      DEPOT_ENDPOINT: `http://127.0.0.1:${s3.port}`,
    })
  }, 60_000)

  afterAll(async () => {
    expect(await gallery.stop()).toMatchObject({ code: 0 })
    await s3.stop()
    await administer(`DROP DATABASE ${database}`)
  })

  /** The keys in the bucket, asked of the service itself. */
  async function inBucket(): Promise<string[]> {
    const list = await (await fetch(`http://127.0.0.1:${s3.port}/${bucket}?list-type=2`)).text()
    return [...list.matchAll(/<Key>([^<]*)<\/Key>/g)].map(([, key]) => key!).sort()
  }

  async function post(path: string, body: FormData | URLSearchParams): Promise<string> {
    const { headers } = await fetch(gallery.url + path, { method: 'POST', body, redirect: 'manual' })
    return headers.get('location') ?? ''
  }

  it('keeps rows there and files here, shows them, and leaves nothing behind', async () => {
    await using rows = new Rows({ type: 'postgres', url: url.href })

    const album = await post('/albums', new URLSearchParams({ title: 'Far away' }))
    const form = new FormData()
    const { name, buffer } = await jpeg('Harbour.jpg', 'navy')
    form.append('photos', new Blob([new Uint8Array(buffer)]), name)
    expect(await post(`${album}/photos`, form)).toBe(`${album}?done=photos-added`)

    expect(await rows.photos()).toMatchObject([{ caption: 'Harbour' }])
    expect(await inBucket()).toEqual(await rows.files())
    expect(await inBucket()).toHaveLength(3)
    const page = await (await fetch(gallery.url + album)).text()
    const [, src = ''] = /<img src="([^"]+)"/.exec(page) ?? []
    const thumbnail = await fetch(gallery.url + src)
    expect(thumbnail.headers.get('content-type')).toBe('image/webp')
    // The URL is one of the gallery itself: its pages load nothing from elsewhere.
    expect(new URL(thumbnail.url).origin).toBe(gallery.url)

    const failed = await fetch(`${gallery.url}${album}/rollback`, { method: 'POST' })
    expect(await failed.text()).toMatch(/Nothing stayed\.[^]*3 photos with 9 files/)
    expect(await inBucket()).toEqual(await rows.files())

    expect(await post(`${album}/delete`, new URLSearchParams())).toBe('/?done=album-deleted')
    expect({ photos: await rows.photos(), files: await inBucket() }).toEqual({ photos: [], files: [] })
  })
})
