import { expect, it } from '@jest/globals'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdir, readdir, symlink, utimes, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { startOf, thisProcess } from '../../src/content/spool-owner.ts'
import { sweepSpoolFolders } from '../../src/content/sweep-spool-folders.ts'
import { temporaryFolders } from '../support/temporary-folder.ts'

const temporaryFolder = temporaryFolders()
const UUID = '01890a5d-ac96-774b-bcce-b302099a8057'
const HOUR = 3_600_000
const ELSEWHERE = '00000000'

/** A folder as the process with this id would make it, with a file in it. */
async function spoolFolder(
  folder: string,
  { pid = process.pid, started = startOf(pid) ?? 0, place = thisProcess().place, hoursOld = 0 } = {},
): Promise<string> {
  const name = `filedepot-spool-${pid}-${started}-${place}-${UUID}`
  await mkdir(join(folder, name), { recursive: true })
  await writeFile(join(folder, name, 'content'), 'bytes')
  const time = new Date(Date.now() - hoursOld * HOUR)
  await utimes(join(folder, name, 'content'), time, time)
  await utimes(join(folder, name), time, time)
  return name
}

/** The id of a process that has ended. */
async function endedProcess(): Promise<number> {
  const child = spawn(process.execPath, ['-e', ''], { stdio: 'ignore' })
  await once(child, 'exit')
  return child.pid ?? 0
}

it('removes the folders of processes that are gone, also if another process has their id now', async () => {
  const folder = await temporaryFolder()
  await spoolFolder(folder, { pid: await endedProcess() })
  await spoolFolder(folder, { started: 1 })
  const running = await spoolFolder(folder, { hoursOld: 1000 })

  await sweepSpoolFolders(folder)

  expect(await readdir(folder)).toEqual([running])
})

it('leaves the folders of other machines and containers for a day', async () => {
  const folder = await temporaryFolder()
  const young = await spoolFolder(folder, { place: ELSEWHERE, hoursOld: 23 })
  await spoolFolder(folder, { place: 'ffffffff', hoursOld: 25 })

  await sweepSpoolFolders(folder)

  expect(await readdir(folder)).toEqual([young])
})

it('leaves what is not its own: other names, files, and links', async () => {
  const folder = await temporaryFolder()
  const target = await temporaryFolder()
  await writeFile(join(target, 'kept'), 'kept')
  const dead = `filedepot-spool-${await endedProcess()}-1-${thisProcess().place}`
  await mkdir(join(folder, 'filedepot-spool-1'))
  await symlink(target, join(folder, `${dead}-${UUID}`))
  await writeFile(join(folder, `${dead}-${UUID.replace('0', '1')}`), 'a file')
  const before = await readdir(folder)

  await sweepSpoolFolders(folder)

  expect(await readdir(folder)).toEqual(before)
  expect(await readdir(target)).toEqual(['kept'])
})

it('goes on when a process spools that comes after one that was killed', async () => {
  const folder = await temporaryFolder()
  const spoolIn = (then: string) =>
    spawn(
      process.execPath,
      [
        '-e',
        `const { spool } = require('@filedepot/core')
         async function* bytes() { for (let n = 0; n < 6; n++) yield Buffer.alloc(1024 * 1024); ${then} }
         spool(bytes()).then((file) => file[Symbol.asyncDispose]())`,
      ],
      {
        cwd: new URL('../..', import.meta.url),
        env: { ...process.env, TMPDIR: folder },
        stdio: ['ignore', 'ignore', 'inherit'],
      },
    )
  const killed = spoolIn('await new Promise(() => setInterval(() => {}, 1000))')
  while ((await readdir(folder)).length === 0) await new Promise((resolve) => setTimeout(resolve, 10))
  killed.kill('SIGKILL')
  await once(killed, 'exit')
  const left = await readdir(folder)

  const [code] = (await once(spoolIn(''), 'exit')) as [number]

  expect(code).toBe(0)
  expect(left).toHaveLength(1)
  expect(await readdir(folder)).toEqual([])
})
