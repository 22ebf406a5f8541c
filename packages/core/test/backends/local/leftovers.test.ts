import { describe, expect, it } from '@jest/globals'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import { LocalBackend } from '../../../src/backends/local/local-backend.ts'
import { copyStorage } from '../../../src/storage/copy-storage.ts'
import { FileStorage } from '../../../src/storage/file-storage.ts'
import { bytesOf } from '../../support/bytes.ts'
import { failure } from '../../support/failure.ts'
import { treeOf } from '../../support/folders.ts'
import { idsOf, memoryStorage } from '../../support/storages.ts'
import { temporaryFolders } from '../../support/temporary-folder.ts'

const temporaryFolder = temporaryFolders()

const ID = '019ab0f2-7d3c-7000-8000-0000000000aa'
const SHARD = ID.slice(0, 6)

/** A storage with one whole file. */
async function setUp() {
  const folder = await temporaryFolder()
  const files = new FileStorage('local', new LocalBackend(folder))
  const { id: whole } = await files.store(bytesOf(5))
  return { folder, files, whole }
}

const LEFT: [what: string, names: string[]][] = [
  ['the bytes of a stream', [`${ID}.0123456789ab`]],
  ['an empty sidecar', [`${ID}.json`]],
  ['an empty sidecar and bytes', [`${ID}.json`, `${ID}.first`]],
  ['the first bytes alone', [`${ID}.first`]],
  ['an empty sidecar, renamed to be replaced', [`${ID}.r.json`, `${ID}.first`, `${ID}.0123456789ab`]],
  ['bytes and a sidecar that was not put into its place', [`${ID}.0123456789ab`, `${ID}.0123456789ab.tmp`]],
]

describe('what a killed process has left', () => {
  it.each(LEFT)('is listed, is no file, and can be deleted: %s', async (_, names) => {
    const { folder, files, whole } = await setUp()
    await mkdir(join(folder, SHARD), { recursive: true })
    for (const name of names)
      await writeFile(join(folder, SHARD, name), name.endsWith('.json') ? '' : 'bytes')

    expect(await idsOf(files)).toEqual([ID, whole].sort())
    expect(await files.exists(ID)).toBe(false)
    expect((await failure(files.get(ID))).code).toBe('FILE_NOT_FOUND')
    await files.delete(ID)

    expect(await idsOf(files)).toEqual([whole])
    expect((await treeOf(folder)).filter((path) => path.includes(ID))).toEqual([])
  })

  it.each(LEFT)('is named by a copy, which goes on: %s', async (_, names) => {
    const { folder, files, whole } = await setUp()
    await mkdir(join(folder, SHARD), { recursive: true })
    for (const name of names)
      await writeFile(join(folder, SHARD, name), name.endsWith('.json') ? '' : 'bytes')
    const backup = memoryStorage('backup')

    const report = await copyStorage(files, backup)

    expect(report).toEqual({ copied: 1, skipped: 0, vanished: 0, bytes: 5, leftovers: [ID] })
    expect(await idsOf(backup)).toEqual([whole])
  })

  it('is not what this process is writing', async () => {
    const { folder, files, whole } = await setUp()
    let go: (() => void) | undefined
    const gate = new Promise<void>((resolve) => (go = resolve))
    async function* slow(): AsyncGenerator<Uint8Array> {
      yield bytesOf(100_000)
      await gate
      yield bytesOf(100_000)
    }
    const storing = files.store(slow())
    let ids: string[] = []
    while (ids.length < 2) ids = await idsOf(files)
    const id = ids.find((one) => one !== whole)!

    await files.delete(id)
    go?.()
    const record = await storing

    expect(record.id).toBe(id)
    expect((await (await files.get(id)).bytes()).byteLength).toBe(200_000)
    expect((await treeOf(folder)).filter((path) => path.includes(id))).toHaveLength(2)
  })

  it('never costs a file that was whole, wherever the process was killed', async () => {
    const folder = await temporaryFolder()
    const files = new FileStorage('local', new LocalBackend(folder))

    for (let kill = 0; kill < 12; kill++) {
      const whole = await workUntilKilled(folder, kill % 2 > 0)
      const listed = await idsOf(files)
      for (const [id, size] of whole) {
        expect((await (await files.get(id)).bytes()).byteLength).toBe(size)
        expect(await files.readBytes(id, { size })).toHaveLength(size)
      }
      await files.deleteMany(listed)
      expect(await idsOf(files)).toEqual([])
      expect((await treeOf(folder)).filter((path) => !path.endsWith('/'))).toEqual([])
    }
  })
})

/** Runs a process that stores, replaces and deletes, kills it at a random moment, and resolves with the files it has reported. */
async function workUntilKilled(folder: string, networkMount: boolean): Promise<Map<string, number>> {
  const code = `
    const { LocalBackend, FileStorage } = require('@filedepot/core')
    const files = new FileStorage('local', new LocalBackend(${JSON.stringify(folder)}, { networkMount: ${networkMount} }))
    const say = (text) => require('node:fs').writeSync(1, text + '\\n')
    async function* stream(n) { for (let i = 0; i < n; i++) { yield Buffer.alloc(50_000); await new Promise(setImmediate) } }
    async function lane(i) {
      for (;;) {
        const small = await files.create(Buffer.alloc(2000)); say('has ' + small + ' 2000')
        const large = await files.create(stream(4)); say('has ' + large + ' 200000')
        say('changes ' + large); await files.replace(large, stream(6)); say('has ' + large + ' 300000')
        say('changes ' + small); await files.replace(small, Buffer.alloc(3000)); say('has ' + small + ' 3000')
        if (Math.random() < 0.5) { say('changes ' + small); await files.delete(small) }
      }
    }
    for (let i = 0; i < 4; i++) lane(i)
  `
  const child = spawn(process.execPath, ['-e', code], {
    cwd: new URL('../../..', import.meta.url),
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const ended = once(child, 'close')
  let said = ''
  child.stdout.setEncoding('utf8').on('data', (text: string) => (said += text))
  while (said === '') await setTimeout(5)
  await setTimeout(60 * Math.random())
  child.kill('SIGKILL')
  expect(await ended).toEqual([null, 'SIGKILL'])

  const whole = new Map<string, number>()
  for (const line of said.split('\n').slice(0, -1)) {
    const [verb, id = '', size] = line.split(' ')
    if (verb === 'has') whole.set(id, Number(size))
    else whole.delete(id)
  }
  return whole
}
