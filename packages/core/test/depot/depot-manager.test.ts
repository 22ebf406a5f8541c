import { describe, expect, it } from '@jest/globals'
import { AsyncLocalStorage } from 'node:async_hooks'
import { MemoryBackend } from '../../src/backends/memory-backend.ts'
import { DepotManager } from '../../src/depot/depot-manager.ts'
import { depot as processDepot } from '../../src/depot/depot.ts'
import { UploadedFile, type ProcessedFile } from '../../src/upload/uploaded-file.ts'
import { BrokenBackend, GatedBackend } from '../support/backends.ts'
import { bytesOf } from '../support/bytes.ts'
import { failure, thrown } from '../support/failure.ts'
import { until } from '../support/sources.ts'
import { idsOf, memoryDepot, pathsOf } from '../support/storages.ts'

const MISSING = '01890a5d-ac96-774b-bcce-b302099a8057'

describe('DepotManager.configure', () => {
  it('makes the first storage the default', () => {
    const depot = new DepotManager()

    const first = depot.configure('first', new MemoryBackend())
    const second = depot.configure('second', new MemoryBackend())

    expect(depot.default).toBe('first')
    expect(depot.get()).toBe(first)
    expect(depot.get('second')).toBe(second)
    expect(depot.storages()).toEqual([first, second])
    expect([depot.has('first'), depot.has('third')]).toEqual([true, false])
  })

  it('refuses a name that is taken, and keeps the storage that has it', () => {
    const depot = new DepotManager()
    const files = depot.configure('files', new MemoryBackend())
    depot.alias('other', 'files')

    for (const name of ['files', 'other']) {
      expect(thrown(() => depot.configure(name, new MemoryBackend()))).toMatchObject({
        code: 'STORAGE_EXISTS',
        message: `Cannot configure the storage or alias "${name}" twice. Choose another name`,
      })
    }
    expect(depot.get('files')).toBe(files)
    expect(depot.get('other')).toBe(files)
  })

  it.each(['', ' ', 'a/b', '/', 'a b', 'a\n', undefined, null, 5])('refuses the name %p', (name) => {
    const depot = new DepotManager()

    expect(thrown(() => depot.configure(name as string, new MemoryBackend()))).toMatchObject({
      code: 'INVALID_ARGUMENT',
      message: expect.stringContaining('Expected name to be the name of a storage'),
    })
    expect(depot.storages()).toEqual([])
  })

  it.each([undefined, null, {}, './uploads', MemoryBackend])('refuses %p as a backend', (backend) => {
    const depot = new DepotManager()

    expect(thrown(() => depot.configure('files', backend as never))).toMatchObject({
      code: 'INVALID_ARGUMENT',
    })
    expect(depot.default).toBeUndefined()
  })

  it('takes names that every object knows', () => {
    const depot = new DepotManager()

    for (const name of ['constructor', '__proto__', 'toString']) {
      expect(depot.has(name)).toBe(false)
      depot.configure(name, new MemoryBackend())
      expect(depot.get(name).name).toBe(name)
    }
  })
})

describe('the default storage', () => {
  it('can be changed, and old files stay where they are', async () => {
    const depot = new DepotManager()
    depot.configure('first', new MemoryBackend())
    depot.configure('second', new MemoryBackend())
    const before = await depot.upload(UploadedFile.from(Buffer.from('before')))

    depot.setDefault('second')
    const after = await depot.upload(UploadedFile.from(Buffer.from('after')))

    expect([before.storage, after.storage]).toEqual(['first', 'second'])
    expect(await (await depot.getFile(before.path)).text()).toBe('before')
    expect(await (await depot.getFile(after.path)).text()).toBe('after')
  })

  it('has to be configured', () => {
    const depot = memoryDepot()
    depot.alias('alias', 'default')

    for (const name of ['missing', 'alias']) {
      expect(
        thrown(() => {
          depot.setDefault(name)
        }),
      ).toMatchObject({ code: 'STORAGE_NOT_FOUND' })
    }
    expect(depot.default).toBe('default')
  })

  it('is missing where nothing is configured, and the error says how to', async () => {
    const depot = new DepotManager()

    const error = thrown(() => depot.get())

    expect(error.code).toBe('STORAGE_NOT_FOUND')
    expect(error.message).toContain("depot.configure('default', new LocalBackend('./uploads'))")
    expect(await failure(depot.upload(UploadedFile.from(bytesOf(1))))).toMatchObject({
      code: 'STORAGE_NOT_FOUND',
    })
  })
})

describe('DepotManager.get', () => {
  it('lists the names where it does not know one', () => {
    const depot = memoryDepot()
    depot.alias('uploads', 'default')

    expect(thrown(() => depot.get('missing'))).toMatchObject({
      code: 'STORAGE_NOT_FOUND',
      message: 'Expected the name of a storage to be one of default, uploads, got missing',
    })
  })
})

describe('an alias', () => {
  it('can be pointed elsewhere: new files go there, old ones remember their storage', async () => {
    const depot = new DepotManager()
    depot.configure('first', new MemoryBackend())
    depot.configure('second', new MemoryBackend())
    depot.alias('uploads', 'first')
    const old = await depot.upload(UploadedFile.from(Buffer.from('old'), { storage: 'uploads' }))

    depot.alias('uploads', 'second')
    const young = await depot.upload(UploadedFile.from(Buffer.from('young'), { storage: 'uploads' }))

    expect([old.storage, young.storage]).toEqual(['first', 'second'])
    expect(depot.get('uploads').name).toBe('second')
    expect(await (await depot.getFile(old.path)).text()).toBe('old')
    expect(await (await depot.getFile(`uploads/${young.id}`)).text()).toBe('young')
  })

  it('needs a storage behind it, and no alias', () => {
    const depot = memoryDepot()
    depot.alias('one', 'default')

    for (const name of ['missing', 'one']) {
      expect(
        thrown(() => {
          depot.alias('two', name)
        }),
      ).toMatchObject({ code: 'STORAGE_NOT_FOUND' })
    }
    expect(depot.has('two')).toBe(false)
  })

  it('cannot have the name of a storage', () => {
    const depot = memoryDepot()
    depot.configure('other', new MemoryBackend())

    expect(
      thrown(() => {
        depot.alias('other', 'default')
      }),
    ).toMatchObject({ code: 'STORAGE_EXISTS' })
    expect(
      thrown(() => {
        depot.alias('default', 'default')
      }),
    ).toMatchObject({ code: 'STORAGE_EXISTS' })
    expect(depot.get('other').name).toBe('other')
  })

  it('has a name without slashes', () => {
    const depot = memoryDepot()

    expect(
      thrown(() => {
        depot.alias('a/b', 'default')
      }),
    ).toMatchObject({ code: 'INVALID_ARGUMENT' })
  })
})

describe('DepotManager.getFile', () => {
  it('finds a file by its path', async () => {
    const depot = memoryDepot()
    const id = await depot.get().create(Buffer.from('hello'))

    expect(await (await depot.getFile(`default/${id}`)).text()).toBe('hello')
  })

  it.each([
    [`default/${MISSING}`, 'FILE_NOT_FOUND'],
    [`missing/${MISSING}`, 'STORAGE_NOT_FOUND'],
    ['default/x', 'INVALID_FILE_ID'],
    [`default/${MISSING}/..`, 'INVALID_FILE_ID'],
    ['default/../../etc/passwd', 'INVALID_FILE_ID'],
    ['default', 'INVALID_ARGUMENT'],
    ['', 'INVALID_ARGUMENT'],
    [undefined, 'INVALID_ARGUMENT'],
  ])('says what is wrong with %p', async (path, code) => {
    expect(await failure(memoryDepot().getFile(path!))).toMatchObject({ code })
  })
})

describe('DepotManager.urlFor', () => {
  it('begins with the base URL', () => {
    const path = `default/${MISSING}`

    expect(memoryDepot().urlFor(path)).toBe(`/depot/default/${MISSING}`)
    expect(memoryDepot(new MemoryBackend(), { baseUrl: 'https://example.com/files' }).urlFor(path)).toBe(
      `https://example.com/files/default/${MISSING}`,
    )
  })

  it('follows a base URL that is set later', () => {
    const depot = memoryDepot()

    depot.baseUrl = '/hello/lfs'

    expect(depot.urlFor(`default/${MISSING}`)).toBe(`/hello/lfs/default/${MISSING}`)
  })

  it('escapes the name of the storage', () => {
    expect(memoryDepot().urlFor(`ä?b/${MISSING}`)).toBe(`/depot/%C3%A4%3Fb/${MISSING}`)
  })

  it('refuses what is no path', () => {
    expect(thrown(() => memoryDepot().urlFor('default'))).toMatchObject({ code: 'INVALID_ARGUMENT' })
  })
})

describe('DepotManager.signedUrlFor', () => {
  const urlSigner = {
    signUrl: (path: string, options: object = {}) => `signed ${path} ${JSON.stringify(options)}`,
  }

  it('is of the HTTP handler where the storage cannot sign and there is who can', async () => {
    const depot = memoryDepot()
    depot.alias('uploads', 'default')
    const path = `uploads/${MISSING}`

    const without = await failure(depot.signedUrlFor(path))
    depot.urlSigner = urlSigner

    expect(without).toMatchObject({ code: 'NOT_SUPPORTED' })
    // Of the storage itself: an alias may be pointed elsewhere while the URL is good.
    expect(await depot.signedUrlFor(path)).toBe(`signed default/${MISSING} {}`)
    expect(await depot.signedUrlFor(path, { expiresIn: 5 })).toBe(`signed default/${MISSING} {"expiresIn":5}`)
  })

  it('is of the storage where that can sign', async () => {
    class Signing extends MemoryBackend {
      signedUrl(id: string): Promise<string> {
        return Promise.resolve(`https://s3.example.com/${id}`)
      }
    }
    const depot = memoryDepot(new Signing())

    depot.urlSigner = urlSigner

    expect(await depot.signedUrlFor(`default/${MISSING}`)).toBe(`https://s3.example.com/${MISSING}`)
  })
})

describe('DepotManager.upload', () => {
  it('uploads as many files at a time as it is allowed to', async () => {
    const backend = new GatedBackend()
    const depot = memoryDepot(backend, { uploadConcurrency: 3 })

    const uploads = Array.from({ length: 10 }, () => depot.upload(UploadedFile.from(bytesOf(10))))
    await until(() => backend.waiting === 3)
    for (let turn = 0; turn < 20; turn++) await new Promise((resolve) => setImmediate(resolve))
    const begun = backend.begun
    backend.open()
    await Promise.all(uploads)

    expect([begun, backend.mostWaiting, backend.begun]).toEqual([3, 3, 10])
    expect(await idsOf(depot.get())).toHaveLength(10)
  })

  it('goes on after an upload that failed', async () => {
    const backend = new BrokenBackend()
    const depot = memoryDepot(backend, { uploadConcurrency: 1 })

    backend.writeError = new Error('disk gone')
    const failed = await failure(depot.upload(UploadedFile.from(bytesOf(1))))
    backend.writeError = undefined
    const stored = await depot.upload(UploadedFile.from(bytesOf(2)))

    expect(failed).toMatchObject({ code: 'WRITE_FAILED', cause: { message: 'disk gone' } })
    expect(await pathsOf(depot)).toEqual([stored.path])
  })

  it('does not begin an upload that was aborted while it waited', async () => {
    const backend = new GatedBackend()
    const depot = memoryDepot(backend, { uploadConcurrency: 1 })
    const abort = new AbortController()
    let processed = false
    class Noting extends UploadedFile {
      override process(...args: Parameters<UploadedFile['process']>): Promise<ProcessedFile> {
        processed = true
        return super.process(...args)
      }
    }

    const first = depot.upload(UploadedFile.from(bytesOf(1)))
    const second = failure(depot.upload(Noting.from(bytesOf(2)), { signal: abort.signal }))
    abort.abort(new Error('enough'))
    backend.open()

    const stored = await first
    expect(await second).toMatchObject({ code: 'ABORTED', cause: { message: 'enough' } })
    expect([processed, backend.begun]).toEqual([false, 1])
    expect(await pathsOf(depot)).toEqual([stored.path])
  })

  it('runs an upload that had to wait in the asynchronous context of its call', async () => {
    const backend = new GatedBackend()
    const depot = memoryDepot(backend, { uploadConcurrency: 1 })
    const request = new AsyncLocalStorage<string>()
    const seen: (string | undefined)[] = []
    class Noting extends UploadedFile {
      override process(...args: Parameters<UploadedFile['process']>): Promise<ProcessedFile> {
        seen.push(request.getStore())
        return super.process(...args)
      }
    }

    const uploads = ['first', 'second', 'third'].map((name) =>
      request.run(name, () => depot.upload(Noting.from(bytesOf(1)))),
    )
    backend.open()
    await Promise.all(uploads)

    expect(seen).toEqual(['first', 'second', 'third'])
  })

  it.each([0, -1, 1.5, NaN, Infinity, '2', null])('cannot run %p at a time', (uploadConcurrency) => {
    const options = { uploadConcurrency: uploadConcurrency as number }

    expect(thrown(() => new DepotManager(options))).toMatchObject({
      code: 'INVALID_ARGUMENT',
      message: expect.stringContaining('Expected uploadConcurrency to be a whole number from 1 up'),
    })
  })
})

describe('DepotManager.close', () => {
  it('closes the others where one cannot be closed, and says so', async () => {
    const error = new Error('still busy')
    let closed = false
    const depot = new DepotManager()
    depot.configure('stuck', Object.assign(new MemoryBackend(), { close: () => Promise.reject(error) }))
    const close = () => {
      closed = true
      return Promise.resolve()
    }
    depot.configure('good', Object.assign(new MemoryBackend(), { close }))

    await expect(depot.close()).rejects.toBe(error)

    expect(closed).toBe(true)
  })

  it('closes every backend that can be closed', async () => {
    const closed: string[] = []
    class Connected extends MemoryBackend {
      constructor(readonly name: string) {
        super()
      }
      close(): Promise<void> {
        closed.push(this.name)
        return Promise.resolve()
      }
    }
    const depot = memoryDepot()
    depot.configure('one', new Connected('one'))
    depot.configure('two', new Connected('two'))

    await depot.close()

    expect(closed).toEqual(['one', 'two'])
  })
})

describe('depot', () => {
  it('is a manager of the process without storages', () => {
    expect(processDepot).toBeInstanceOf(DepotManager)
    expect(processDepot.storages()).toEqual([])
  })
})
