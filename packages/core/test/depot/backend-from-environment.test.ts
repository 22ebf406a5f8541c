import { afterEach, describe, expect, it } from '@jest/globals'
import { join, resolve } from 'node:path'
import { LocalBackend } from '../../src/backends/local/local-backend.ts'
import { MemoryBackend } from '../../src/backends/memory-backend.ts'
import { DepotManager } from '../../src/depot/depot-manager.ts'
import { thrown } from '../support/failure.ts'
import { treeOf } from '../support/folders.ts'
import { temporaryFolders } from '../support/temporary-folder.ts'

const temporaryFolder = temporaryFolders()

describe('DepotManager.fromEnvironment', () => {
  afterEach(() => {
    delete process.env.DEPOT_BACKEND
  })

  it('configures a local folder, which is what is meant where no backend is named', async () => {
    const depot = new DepotManager()
    const folder = join(await temporaryFolder(), 'uploads')

    const files = depot.fromEnvironment('default', { env: { DEPOT_STORAGE_PATH: folder, PATH: '/bin' } })
    await files.create(Buffer.from('hello'))

    expect(depot.get()).toBe(files)
    expect(files.backend).toBeInstanceOf(LocalBackend)
    expect(files.backend).toMatchObject({ folder })
    expect(await treeOf(folder)).toHaveLength(3)
  })

  it('configures memory', () => {
    const depot = new DepotManager()

    const files = depot.fromEnvironment('scratch', { env: { DEPOT_BACKEND: 'memory' } })

    expect(files.backend).toBeInstanceOf(MemoryBackend)
    expect(files.name).toBe('scratch')
  })

  it('reads the environment of the process', () => {
    process.env.DEPOT_BACKEND = 'memory'

    const files = new DepotManager().fromEnvironment('default')

    expect(files.backend).toBeInstanceOf(MemoryBackend)
  })

  it('takes another prefix, so that there can be several', () => {
    const depot = new DepotManager()
    const env = { AVATARS_BACKEND: 'memory', DOCS_BACKEND: 'local', DOCS_STORAGE_PATH: './docs' }

    depot.fromEnvironment('avatars', { env, prefix: 'AVATARS_' })
    depot.fromEnvironment('docs', { env, prefix: 'DOCS_' })

    expect(depot.get('avatars').backend).toBeInstanceOf(MemoryBackend)
    expect(depot.get('docs').backend).toMatchObject({ folder: resolve('docs') })
  })

  it('knows switches, and counts an empty setting as none', async () => {
    const folder = await temporaryFolder()
    const env = {
      DEPOT_BACKEND: '',
      DEPOT_STORAGE_PATH: folder,
      DEPOT_FSYNC: 'true',
      DEPOT_NETWORK_MOUNT: 'Yes',
    }

    const files = new DepotManager().fromEnvironment('default', { env })

    expect(await (await files.get(await files.create(Buffer.from('hello')))).text()).toBe('hello')
  })

  it('takes backends of your own', () => {
    const backend = new MemoryBackend()
    const given: unknown[] = []
    const backends = {
      ftp: {
        settings: ['HOST'],
        create: (settings: object) => {
          given.push(settings)
          return backend
        },
      },
    }

    const files = new DepotManager().fromEnvironment('default', {
      env: { DEPOT_BACKEND: 'ftp', DEPOT_HOST: 'example.com' },
      backends,
    })

    expect(files.backend).toBe(backend)
    expect(given).toEqual([{ HOST: 'example.com' }])
  })

  it.each<[string, Record<string, string>, string]>([
    [
      'an unknown backend',
      { DEPOT_BACKEND: 'ftp' },
      'Expected DEPOT_BACKEND to be one of local, memory, got "ftp"',
    ],
    [
      'a name that every object knows',
      { DEPOT_BACKEND: 'constructor' },
      'Expected DEPOT_BACKEND to be one of',
    ],
    ['no folder', {}, 'Expected STORAGE_PATH to be the path of a folder, got undefined'],
    [
      'an unknown setting',
      { DEPOT_STORAGE_PATH: './x', DEPOT_BUCKET: 'b' },
      'Expected the settings of the local backend to be among DEPOT_STORAGE_PATH, DEPOT_FSYNC, DEPOT_NETWORK_MOUNT, DEPOT_PYTHON_DEPOT, got DEPOT_BUCKET',
    ],
  ])('refuses %s', (_, env, message) => {
    const depot = new DepotManager()

    const error = thrown(() => depot.fromEnvironment('default', { env }))

    expect(error).toMatchObject({ code: 'INVALID_ARGUMENT', message: expect.stringContaining(message) })
    expect(depot.storages()).toEqual([])
  })

  it('takes any setting for a depot in memory, so that tests can have those of production', () => {
    const depot = new DepotManager()

    depot.fromEnvironment('default', { env: { DEPOT_BACKEND: 'memory', DEPOT_STORAGE_PATH: './x' } })

    expect(depot.get().backend).toBeInstanceOf(MemoryBackend)
  })
})
