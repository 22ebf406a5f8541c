import { LocalBackend } from '@filedepot/core'
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { promisify } from 'node:util'

interface Picture {
  url: string
  thumbnail: string
}

interface Photo {
  id: number
  title: string
  image: Picture
}

interface Album {
  id: number
  cover: Picture | null
  photos: Photo[]
}

/** The application in a process of its own. */
interface Example {
  readonly folder: string
  readonly url: string
  /** Ends it, removes what it has kept, and says with which code and signal it ended. */
  end(): Promise<unknown>
}

const cwd = join('examples', 'prisma')
const RED = gif('ff0000')
const GREEN = gif('00ff00')
const NO_IMAGE = Buffer.from('no image')

let app: Example
let url: string

beforeAll(async () => {
  app = await start()
  url = app.url
}, 120_000)

afterAll(() => app.end(), 120_000)

describe('the Prisma example', () => {
  it('stores several photos with their thumbnails, shows them, and serves them', async () => {
    const album = await newAlbum()

    const created = await postPhotos(album, RED, GREEN)

    expect(created.status).toBe(201)
    const { photos } = await show(album)
    expect(photos.map(({ title }) => title)).toEqual(['0.gif', '1.gif'])
    expect(await downloaded(photos[0]!.image.url)).toEqual(RED)
    expect(await downloaded(photos[1]!.image.url)).toEqual(GREEN)
    expect((await downloaded(photos[1]!.image.thumbnail)).toString('latin1', 8, 12)).toBe('WEBP')
    await expectFilesOfRows()
  })

  it.each([
    ['one of them is no image', undefined, [RED, NO_IMAGE], 415, 'NOT_AN_IMAGE'],
    ['there is no such album', 4711, [RED, GREEN], 404, 'NOT_FOUND'],
    ['there is none', undefined, [], 400, 'NO_FILE'],
    ['there are too many', undefined, Array<Buffer>(21).fill(RED), 413, 'TOO_MANY_PARTS'],
  ])('stores none of several photos where %s', async (_, id, photos, status, code) => {
    const album = id ?? (await newAlbum())
    const before = await files()

    const answer = await postPhotos(album, ...photos)

    expect(await outcome(answer)).toEqual([status, code])
    expect(await files()).toEqual(before)
    if (id === undefined) expect((await show(album)).photos).toEqual([])
  })

  it('changes the title of a photo, and leaves its image', async () => {
    const [photo] = await newPhotos(RED)

    const answer = await send('PATCH', `/photos/${photo!.id}`, form({ title: 'Soup' }))

    expect([answer.status, await answer.json()]).toEqual([200, { ...photo, title: 'Soup' }])
    await expectFilesOfRows()
  })

  it('replaces an image, whose old files go', async () => {
    const [photo] = await newPhotos(RED)

    const answer = await send('PATCH', `/photos/${photo!.id}`, form({ title: 'Soup' }, { image: [GREEN] }))

    const changed = (await answer.json()) as Photo
    expect([answer.status, changed.title]).toEqual([200, 'Soup'])
    expect(await downloaded(changed.image.url)).toEqual(GREEN)
    expect((await fetch(url + photo!.image.url)).status).toBe(404)
    await expectFilesOfRows()
  })

  it('keeps an image where its replacement is refused', async () => {
    const [photo] = await newPhotos(RED)

    const answer = await send('PATCH', `/photos/${photo!.id}`, form({ title: 'Soup' }, { image: [NO_IMAGE] }))

    expect(await outcome(answer)).toEqual([415, 'NOT_AN_IMAGE'])
    expect(await downloaded(photo!.image.url)).toEqual(RED)
    await expectFilesOfRows()
  })

  it.each([
    ['the old one goes', undefined, GREEN, 200, undefined],
    ['nothing is stored where it is no image', undefined, NO_IMAGE, 415, 'NOT_AN_IMAGE'],
    ['nothing is stored where there is no such album', 4711, GREEN, 404, 'NOT_FOUND'],
  ])('takes a cover as a part of @fastify/multipart: %s', async (_, id, cover, status, code) => {
    const album = await newAlbum()
    await send('PUT', `/albums/${album}/cover`, form({}, { cover: [RED] }))

    const answer = await send('PUT', `/albums/${id ?? album}/cover`, form({}, { cover: [cover] }))

    expect(await outcome(answer)).toEqual([status, code])
    expect(await downloaded((await show(album)).cover!.url)).toEqual(status === 200 ? GREEN : RED)
    await expectFilesOfRows()
  })

  it('moves photos to another album, whose cover becomes a copy of the first', async () => {
    const [from, to] = [await newAlbum(), await newAlbum()]
    const [photo] = await newPhotos(GREEN, from)
    await send('PUT', `/albums/${to}/cover`, form({}, { cover: [RED] }))

    const answer = await transfer(from, { to, photos: [photo!.id] })

    expect(answer.status).toBe(204)
    const target = await show(to)
    expect([(await show(from)).photos, target.photos]).toEqual([[], [photo]])
    expect(target.cover!.url).not.toBe(photo!.image.url)
    expect(await downloaded(target.cover!.url)).toEqual(GREEN)
    await expectFilesOfRows()
  })

  it('moves no photo where one of them is missing, and leaves nothing of the cover', async () => {
    const [from, to] = [await newAlbum(), await newAlbum()]
    const [photo] = await newPhotos(GREEN, from)
    await send('PUT', `/albums/${to}/cover`, form({}, { cover: [RED] }))
    const before = [await show(from), await show(to), await files()]

    const answer = await transfer(from, { to, photos: [photo!.id, 4711] })

    expect(await outcome(answer)).toEqual([404, 'NOT_FOUND'])
    expect([await show(from), await show(to), await files()]).toEqual(before)
    expect(await downloaded((await show(to)).cover!.url)).toEqual(RED)
  })

  it('deletes a photo with its files', async () => {
    const before = await files()
    const [photo] = await newPhotos(RED)

    const answer = await send('DELETE', `/photos/${photo!.id}`)

    expect(answer.status).toBe(204)
    expect(await files()).toEqual(before)
    expect(await outcome(await send('DELETE', `/photos/${photo!.id}`))).toEqual([404, 'NOT_FOUND'])
  })

  it('deletes an album with its cover and the files of its photos, which the database deletes', async () => {
    const before = await files()
    const album = await newAlbum()
    const photos = await newPhotos(RED, album)
    await send('PUT', `/albums/${album}/cover`, form({}, { cover: [RED] }))

    const answer = await send('DELETE', `/albums/${album}`)

    expect(answer.status).toBe(204)
    expect(await files()).toEqual(before)
    expect(await outcome(await send('DELETE', `/photos/${photos[0]!.id}`))).toEqual([404, 'NOT_FOUND'])
  })

  it('does what its README says, and ends when it is told to', async () => {
    const other = await start()
    const readme = await readFile(join(cwd, 'README.md'), 'utf8')
    const commands = readme.split('\n').filter((line) => line.startsWith('curl '))
    for (const name of ['soup.jpg', 'cake.jpg']) await writeFile(join(other.folder, name), RED)

    try {
      for (const command of commands) await curl(command, other)

      expect(commands.length).toBeGreaterThan(5)
      expect(await (await fetch(`${other.url}/albums`)).json()).toEqual([])
      const entries = await readdir(join(other.folder, 'uploads'), { recursive: true, withFileTypes: true })
      const names = entries.filter((entry) => entry.isFile()).map(({ name }) => name)
      expect(names).toEqual(['.depot'])
    } finally {
      expect(await other.end()).toEqual([0, null])
    }
  }, 120_000)
})

/** Starts the built application on an empty folder. */
async function start(): Promise<Example> {
  const folder = await mkdtemp(join(tmpdir(), 'filedepot-prisma-'))
  const settings = { DATABASE: join(folder, 'albums.db'), UPLOADS: join(folder, 'uploads'), PORT: '0' }
  const program = join('dist', 'examples', 'prisma', 'src', 'main.js')
  // What this run sets for itself is not what an application has.
  const env = { ...process.env, NODE_OPTIONS: '', ...settings }
  const child = spawn(process.execPath, [program], { cwd, env, stdio: ['ignore', 'pipe', 'inherit'] })
  const ended = once(child, 'exit')
  return {
    folder,
    url: await listeningAt(createInterface({ input: child.stdout })),
    async end() {
      child.kill('SIGTERM')
      const exit: unknown = await ended
      await rm(folder, { recursive: true, force: true })
      return exit
    },
  }
}

/** An image of one pixel. */
function gif(colour: string): Buffer {
  const [start, end] = ['47494638396101000100800000', '0000002c00000000010001000002024401003b']
  return Buffer.from(start + colour + end, 'hex')
}

function form(texts: Record<string, string>, files: Record<string, Buffer[]> = {}): FormData {
  const form = new FormData()
  for (const [name, text] of Object.entries(texts)) form.set(name, text)
  for (const [name, contents] of Object.entries(files)) {
    contents.forEach((content, index) => {
      form.append(name, new Blob([content]), `${index}.gif`)
    })
  }
  return form
}

function send(method: string, path: string, body?: FormData): Promise<Response> {
  return fetch(url + path, { method, ...(body && { body }) })
}

function postJson(path: string, body: object): Promise<Response> {
  const headers = { 'content-type': 'application/json' }
  return fetch(url + path, { method: 'POST', headers, body: JSON.stringify(body) })
}

async function newAlbum(): Promise<number> {
  const answer = await postJson('/albums', { title: 'Holidays' })
  return ((await answer.json()) as Album).id
}

function postPhotos(album: number, ...photos: Buffer[]): Promise<Response> {
  return send('POST', `/albums/${album}/photos`, form({}, { photos }))
}

async function newPhotos(photo: Buffer, album?: number): Promise<Photo[]> {
  const answer = await postPhotos(album ?? (await newAlbum()), photo)
  return (await answer.json()) as Photo[]
}

function transfer(album: number, body: { to: number; photos: number[] }): Promise<Response> {
  return postJson(`/albums/${album}/transfer`, body)
}

async function list(): Promise<Album[]> {
  return (await (await fetch(`${url}/albums`)).json()) as Album[]
}

async function show(album: number): Promise<Album> {
  return (await (await fetch(`${url}/albums/${album}`)).json()) as Album
}

async function downloaded(path: string): Promise<Buffer> {
  return Buffer.from(await (await fetch(url + path)).arrayBuffer())
}

/** The status, and the code of an error. */
async function outcome(answer: Response): Promise<unknown[]> {
  return [answer.status, ((await answer.json()) as { code?: string }).code]
}

/** The ids of the files on the disk. */
async function files(): Promise<string[]> {
  const ids: string[] = []
  for await (const id of new LocalBackend(join(app.folder, 'uploads')).list()) ids.push(id)
  return ids
}

/** The promise of the library: files on the disk = files that rows refer to. */
async function expectFilesOfRows(): Promise<void> {
  const albums = await Promise.all((await list()).map(({ id }) => show(id)))
  const pictures = albums.flatMap(({ cover, photos }) => [cover, ...photos.map(({ image }) => image)])
  const urls = pictures.flatMap((picture) => (picture ? [picture.url, picture.thumbnail] : []))
  expect(await files()).toEqual(urls.map((path) => path.split('/').at(-1)).sort())
}

/** Runs a command of the README. */
async function curl(command: string, { url, folder }: Example): Promise<void> {
  const line = command.replace('curl ', 'curl -sS --fail ').replaceAll('http://localhost:3000', url)
  await promisify(execFile)('sh', ['-c', line], { cwd: folder })
}

/** What the application prints when it is ready. */
async function listeningAt(lines: AsyncIterable<string>): Promise<string> {
  const printed: string[] = []
  for await (const line of lines) {
    const address = /^Listening on (.*)$/.exec(line)?.[1]
    if (address) return address
    printed.push(line)
  }
  throw new Error(`the application does not listen:\n${printed.join('\n')}`)
}
