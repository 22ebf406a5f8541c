import { afterEach, beforeEach, expect, it } from '@jest/globals'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import { LocalBackend } from '../../../src/backends/local/local-backend.ts'
import { FileStorage } from '../../../src/storage/file-storage.ts'
import { treeOf } from '../../support/folders.ts'

const KILLS = 10

let folder: string

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'filedepot-killed-'))
})

afterEach(async () => {
  await rm(folder, { recursive: true, force: true })
})

/** Starts a process that stores small files, and kills it in the middle of that. It runs what is built. */
async function storeUntilKilled(networkMount: boolean): Promise<void> {
  const code = `
    const { FileStorage, LocalBackend } = require('@filedepot/core')
    const files = new FileStorage('local', new LocalBackend(${JSON.stringify(folder)}, { networkMount: ${networkMount} }))
    const lane = async () => { for (;;) await files.create(Buffer.alloc(20_000)) }
    files.create(Buffer.alloc(1)).then(() => { console.log('storing'); for (let n = 0; n < 8; n++) void lane() })
  `
  const child = spawn(process.execPath, ['-e', code], {
    cwd: new URL('../../..', import.meta.url),
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const ended = once(child, 'exit')
  await once(child.stdout, 'data')
  await setTimeout(5 * Math.random())
  child.kill('SIGKILL')
  expect(await ended).toEqual([null, 'SIGKILL'])
}

it('leaves only what is listed and can be deleted where its process is killed while it stores small files', async () => {
  for (let kill = 0; kill < KILLS; kill++) await storeUntilKilled(kill % 2 > 0)
  const files = new FileStorage('local', new LocalBackend(folder))
  const ids: string[] = []
  for await (const id of files.list()) ids.push(id)

  const report = await files.deleteMany(ids)

  expect(ids.length).toBeGreaterThan(KILLS)
  expect(report.failed).toEqual([])
  expect((await treeOf(folder)).filter((path) => !path.endsWith('/'))).toEqual([])
})
