import { describe, expect, it } from '@jest/globals'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdirSync, utimesSync, writeFileSync } from 'node:fs'
import { hostname, tmpdir } from 'node:os'
import { join } from 'node:path'
import { newSpoolPath, removeSpooled, sweepSpoolFolders } from '../../src/content/spool-folder.ts'

const host = hostname().replace(/[^\w.]+/g, '_')

/** A folder as a process with this id has made it. */
function left(pid: number | string, { on = host, hoursAgo = 0 } = {}): string {
  const folder = join(tmpdir(), `filedepot-spool-${on}-${pid}-${Math.random().toString(36).slice(2, 8)}`)
  mkdirSync(folder, { mode: 0o700 })
  writeFileSync(join(folder, 'content'), 'secret')
  const then = new Date(Date.now() - hoursAgo * 3_600_000)
  utimesSync(join(folder, 'content'), then, then)
  utimesSync(folder, then, then)
  return folder
}

/** The id of a process that was killed. */
async function deadPid(): Promise<number> {
  const child = spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)'])
  await once(child, 'spawn')
  child.kill('SIGKILL')
  await once(child, 'exit')
  return child.pid!
}

describe('temporary folders', () => {
  it('of a process that was killed go with the next sweep, those of a running one stay', async () => {
    const [killed, running] = [left(await deadPid()), left(process.pid)]

    await sweepSpoolFolders()

    expect([existsSync(killed), existsSync(running)]).toEqual([false, true])
    await removeSpooled(join(running, 'content'))
    expect(existsSync(running)).toBe(false)
  })

  it('of another machine go when nobody has written to them for a day', async () => {
    const pid = await deadPid()
    const [fresh, old] = [
      left(pid, { on: 'another-host', hoursAgo: 23 }),
      left(pid, { on: 'another-host', hoursAgo: 25 }),
    ]

    await sweepSpoolFolders()

    expect([existsSync(fresh), existsSync(old)]).toEqual([true, false])
    await removeSpooled(join(fresh, 'content'))
  })

  it('are no other folders', async () => {
    const other = join(tmpdir(), `filedepot-spool-${process.pid}`)
    mkdirSync(other)

    await sweepSpoolFolders()

    expect(existsSync(other)).toBe(true)
    await removeSpooled(join(other, 'content'))
  })

  it('hold one file each', async () => {
    const paths = await Promise.all([newSpoolPath(), newSpoolPath()])

    expect(new Set(paths.map((path) => join(path, '..'))).size).toBe(2)
    for (const path of paths) await removeSpooled(path)
  })
})
