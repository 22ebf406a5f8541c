import { DepotManager, LocalBackend, MemoryBackend } from '@filedepot/core'
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals'
import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createFileHandler, type FileHandlerOptions } from '../../src/index.ts'

let depot: DepotManager
let avatar: string
let secret: string

beforeEach(async () => {
  depot = new DepotManager()
  depot.configure('avatars', new MemoryBackend())
  depot.configure('documents', new MemoryBackend())
  depot.alias('faces', 'avatars')
  avatar = `/depot/avatars/${await depot.get('avatars').create(Buffer.from('a'), { filename: 'a.txt' })}`
  secret = `/depot/documents/${await depot.get('documents').create(Buffer.from('s'), { filename: 's.txt' })}`
})

async function answers(options: FileHandlerOptions, ...paths: string[]): Promise<unknown[]> {
  const handler = createFileHandler(depot, options)
  const found = []
  for (const path of paths) {
    const response = await handler(new Request(new URL(path, 'http://localhost')))
    found.push([response?.status, response?.headers.get('cache-control')])
  }
  return found
}

const WEEK = 'public, max-age=604800, immutable'
const REFUSED = [403, 'no-store']

describe('storages that everybody may read', () => {
  it('are there when the handler is made, unless there are none yet', () => {
    const make = (of: DepotManager) =>
      createFileHandler(of, { public: ['faces', 'avatar'], authorize: () => false })

    expect(() => make(depot)).toThrow(
      expect.objectContaining({
        code: 'INVALID_ARGUMENT',
        message: 'Expected public to name storages (avatars, documents) or aliases of them, got avatar',
      }),
    )
    expect(make(new DepotManager())).toBeInstanceOf(Function)
  })

  it('are named beside an authorize that decides about the others', async () => {
    const authorize = () => true

    const found = await answers({ public: ['avatars'], authorize }, avatar, secret)

    expect(found).toEqual([
      [200, WEEK],
      [200, 'private, no-cache'],
    ])
  })

  it('are all that can be read if nobody decides about the others', async () => {
    expect(await answers({ public: ['avatars'] }, avatar, secret)).toEqual([[200, WEEK], REFUSED])
  })

  it('are known by their aliases, too', async () => {
    const viaAlias = avatar.replace('avatars', 'faces')

    expect(await answers({ public: ['faces'] }, avatar, viaAlias, secret)).toEqual([
      [200, WEEK],
      [200, WEEK],
      REFUSED,
    ])
  })

  it.each([[['']], ['avatars'], [[1]]])('are a list of names: %j is refused', (names) => {
    expect(() => createFileHandler(depot, { public: names as string[] })).toThrow(
      expect.objectContaining({ code: 'INVALID_ARGUMENT' }),
    )
  })

  it('can be left to authorize, which says "public"', async () => {
    const authorize: FileHandlerOptions['authorize'] = (_request, file) =>
      file.storage === 'avatars' ? 'public' : false

    expect(await answers({ authorize }, avatar, secret)).toEqual([[200, WEEK], REFUSED])
  })
})

describe('how long files are kept', () => {
  it('can be said by storage', async () => {
    const caching = { avatars: { maxAge: 60, immutable: false }, documents: { maxAge: 5 } }

    expect(await answers({ public: true, caching }, avatar, secret)).toEqual([
      [200, 'public, max-age=60'],
      [200, 'public, max-age=5, immutable'],
    ])
  })

  it('can be said by an alias, as what is public', async () => {
    const caching = { faces: { maxAge: 60, immutable: false } }

    expect(await answers({ public: ['faces'], caching }, avatar)).toEqual([[200, 'public, max-age=60']])
  })

  it('is that of the handler if a storage says undefined', async () => {
    const caching = { avatars: { maxAge: undefined, immutable: undefined }, documents: undefined }
    const options = { public: true, caching } as unknown as FileHandlerOptions

    expect(await answers(options, avatar, secret)).toEqual([
      [200, WEEK],
      [200, WEEK],
    ])
    const none = { public: true, caching: undefined } as unknown as FileHandlerOptions
    expect(await answers(none, avatar)).toEqual([[200, WEEK]])
  })

  it.each([
    [{ avatar: {} }, 'Expected caching to name storages (avatars, documents) or aliases of them, got avatar'],
    [
      { avatars: { maxage: 1 } },
      'Expected caching.avatars to be an object of maxAge and immutable only, got maxage',
    ],
    [{ avatars: 60 }, 'Expected caching.avatars to be an object of maxAge and immutable only, got 60'],
  ])('is refused if something is misspelt: %j', (caching, message) => {
    const options = { public: true, caching } as unknown as FileHandlerOptions

    expect(() => createFileHandler(depot, options)).toThrow(
      expect.objectContaining({ code: 'INVALID_ARGUMENT', message }),
    )
  })

  it('can be said of storages that come later', async () => {
    const later = new DepotManager()
    const handler = createFileHandler(later, { public: true, caching: { avatars: { maxAge: 60 } } })
    const id = await later.configure('avatars', new MemoryBackend()).create(Buffer.from('a'))

    const response = await handler(new Request(`http://localhost/depot/avatars/${id}`))

    expect(response?.headers.get('cache-control')).toBe('public, max-age=60, immutable')
  })

  it('is a whole number of seconds', () => {
    expect(() => createFileHandler(depot, { public: true, caching: { avatars: { maxAge: -1 } } })).toThrow(
      'Expected caching.avatars.maxAge to be a whole number of seconds from 0 up, got -1',
    )
  })
})

describe('a file whose metadata are damaged', () => {
  let folder: string
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'filedepot-damaged-'))
  })
  afterEach(async () => {
    await rm(folder, { recursive: true, force: true })
  })

  it('is answered with 404, and reported', async () => {
    const files = depot.configure('local', new LocalBackend(folder))
    const id = await files.create(Buffer.from('x'), { filename: 'a.txt' })
    const [sidecar] = (await readdir(folder, { recursive: true })).filter((name) => name.endsWith('.json'))
    await writeFile(join(folder, sidecar!), 'NOT JSON')
    const errors: unknown[] = []

    const found = await answers(
      { public: true, onError: (error) => errors.push(error.code) },
      `/depot/local/${id}`,
    )

    expect(found).toEqual([[404, 'no-store']])
    expect(errors).toEqual(['CORRUPT_FILE'])
  })
})
