import { afterEach, beforeEach, describe, expect, it } from '@jest/globals'
import type { INestApplication } from '@nestjs/common'
import { Test } from '@nestjs/testing'
import { randomBytes } from 'node:crypto'
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import request from 'supertest'
import type { App } from 'supertest/types'
import { AppModule } from '../src/app.module'

let uploads: string
let app: INestApplication<App>

beforeEach(async () => {
  uploads = await mkdtemp(join(tmpdir(), 'filedepot-nestjs-'))
  const imports = [AppModule.register({ database: ':memory:', uploads })]
  app = (await Test.createTestingModule({ imports }).compile()).createNestApplication()
  await app.init()
})

afterEach(async () => {
  await app.close()
  await rm(uploads, { recursive: true, force: true })
})

/** Bytes that look like an image, another one each time. */
function png(size = 3000): Buffer {
  return Buffer.concat([Buffer.from('89504e470d0a1a0a', 'hex'), randomBytes(size - 8)])
}

function post(name: string, photo: Buffer, filename = 'photo.png'): request.Test {
  return request(app.getHttpServer()).post('/recipes').field('name', name).attach('photo', photo, filename)
}

/** Makes a recipe, and resolves with its path. */
async function create(name: string, photo: Buffer): Promise<string> {
  const { body } = (await post(name, photo).expect(201)) as { body: { id: number } }
  return `/recipes/${body.id}`
}

async function photoOf(recipe: string): Promise<Buffer> {
  return (await request(app.getHttpServer()).get(`${recipe}/photo`).expect(200)).body as Buffer
}

/**
 * The bytes of every file that the storage holds, found without asking filedepot. A file that no recipe has taken goes when
 * the response has ended, so this waits a little for there to be so many.
 */
async function photosOnDisk(count: number): Promise<Buffer[]> {
  for (let tries = 0; tries < 100; tries++) {
    const photos = await readPhotos()
    if (photos.length === count) return photos
    await sleep(20)
  }
  return await readPhotos()
}

async function readPhotos(): Promise<Buffer[]> {
  const entries = await readdir(uploads, { recursive: true, withFileTypes: true })
  const files = entries.filter(
    (entry) => entry.isFile() && !entry.name.endsWith('.json') && entry.name !== '.depot',
  )
  return await Promise.all(files.map((file) => readFile(join(file.parentPath, file.name))))
}

describe('recipes and their photos', () => {
  it('keep a photo with its recipe, and give back the same bytes', async () => {
    const photo = png(100_000)

    const created = await post('Soup', photo, 'crème.png')

    expect(created.status).toBe(201)
    expect(created.body).toEqual({
      id: 1,
      name: 'Soup',
      photo: { filename: 'crème.png', contentType: 'image/png', size: 100_000, url: '/recipes/1/photo' },
    })
    const recipe = await request(app.getHttpServer()).get('/recipes/1').expect(200)
    expect(recipe.body).toEqual(created.body)
    const download = await request(app.getHttpServer()).get('/recipes/1/photo').expect(200)
    expect(download.headers).toMatchObject({
      'content-type': 'image/png',
      'content-length': '100000',
      'x-content-type-options': 'nosniff',
    })
    expect(download.body).toEqual(photo)
    expect(await photosOnDisk(1)).toEqual([photo])
  })

  it('replace a photo, and remove the old one', async () => {
    const [before, after] = [png(), png()]
    const soup = await create('Soup', before)

    await request(app.getHttpServer()).put(`${soup}/photo`).attach('photo', after, 'new.png').expect(200)

    expect(await photoOf(soup)).toEqual(after)
    expect(await photosOnDisk(1)).toEqual([after])
  })

  it('remove the photo with its recipe', async () => {
    const [soup, cake] = [png(), png()]
    await create('Cake', cake)
    const recipe = await create('Soup', soup)

    await request(app.getHttpServer()).delete(recipe).expect(204)

    await request(app.getHttpServer()).get(`${recipe}/photo`).expect(404)
    expect(await photosOnDisk(1)).toEqual([cake])
  })

  it('import several photos in one transaction', async () => {
    const [cake, soup] = [png(), png()]
    const recipe = await create('Soup', png())

    const imported = await request(app.getHttpServer())
      .post('/recipes/import')
      .attach('photos', soup, 'Soup.png')
      .attach('photos', cake, 'Cake.png')

    expect(imported.body).toMatchObject([{ name: 'Soup' }, { name: 'Cake' }])
    expect(await photoOf(recipe)).toEqual(soup)
    const onDisk = await photosOnDisk(2)
    expect(onDisk).toHaveLength(2)
    expect(onDisk).toEqual(expect.arrayContaining([soup, cake]))
  })

  it('leave everything as it was where a transaction fails half way', async () => {
    const before = png()
    const soup = await create('Soup', before)

    const imported = await request(app.getHttpServer())
      .post('/recipes/import')
      .attach('photos', png(), 'Soup.png')
      .attach('photos', png(), 'Cake.png')
      .attach('photos', Buffer.from('no image'), 'Bread.png')

    expect(imported.status).toBe(415)
    await request(app.getHttpServer()).get('/recipes/2').expect(404)
    expect(await photoOf(soup)).toEqual(before)
    expect(await photosOnDisk(1)).toEqual([before])
  })

  it('answer 409 where the name is taken, and keep nothing of the second photo', async () => {
    const first = png()
    await create('Soup', first)

    const second = await post('Soup', png())

    expect(second.status).toBe(409)
    expect(await photosOnDisk(1)).toEqual([first])
  })

  it('answer 413 to a photo that is larger than its column takes, and keep nothing', async () => {
    const refused = await post('Soup', png(1_000_001))

    expect(refused.status).toBe(413)
    expect(refused.body).toMatchObject({ statusCode: 413, code: 'FILE_TOO_LARGE' })
    expect(await photosOnDisk(0)).toEqual([])
  })

  it('answer 415 to what only calls itself a photo, and keep nothing', async () => {
    const refused = await post('Soup', Buffer.from('<script>alert(1)</script>'), 'photo.png')

    expect(refused.status).toBe(415)
    expect(refused.body).toMatchObject({ statusCode: 415, code: 'FILE_REFUSED' })
    expect(await photosOnDisk(0)).toEqual([])
  })

  it('answer 400 to a form without a name or a photo, and keep nothing', async () => {
    const forms = [
      request(app.getHttpServer()).post('/recipes').attach('photo', png(), 'photo.png'),
      request(app.getHttpServer()).post('/recipes').field('name', 'Soup'),
    ]

    expect((await Promise.all(forms)).map(({ status }) => status)).toEqual([400, 400])
    expect(await photosOnDisk(0)).toEqual([])
  })

  it('answer 404 with a code where the storage has lost a photo', async () => {
    const soup = await create('Soup', png())
    const names = (await readdir(uploads)).filter((name) => name !== '.depot')
    for (const name of names) await rm(join(uploads, name), { recursive: true })

    const lost = await request(app.getHttpServer()).get(`${soup}/photo`)

    expect(lost.status).toBe(404)
    expect(lost.body).toMatchObject({ statusCode: 404, code: 'FILE_NOT_FOUND' })
  })
})
