import { describe, expect, it } from '@jest/globals'
import { execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { promisify } from 'node:util'

const run = promisify(execFile)
const cwd = join('examples', 'nestjs')

/** What this run sets for itself is not what an application has. */
const env = { ...process.env, NODE_OPTIONS: '' }

describe('the NestJS example', () => {
  it('passes its own tests in its own CommonJS Jest', async () => {
    const { stderr } = await run(process.execPath, [join('node_modules', 'jest', 'bin', 'jest.js'), '--ci'], {
      cwd,
      env,
    })

    expect(stderr).toMatch(/^Tests: +\d+ passed, \d+ total$/m)
  }, 600_000)

  it('starts in plain Node, says where it listens, and ends when it is told to', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'filedepot-nestjs-'))
    const settings = { DATABASE: join(folder, 'recipes.db'), UPLOADS: join(folder, 'uploads'), PORT: '0' }
    const app = spawn(process.execPath, [join('dist', 'main.js')], {
      cwd,
      env: { ...env, ...settings },
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    const ended = once(app, 'exit')
    const photo = Buffer.from('89504e470d0a1a0a0000', 'hex')
    const form = new FormData()
    form.set('name', 'Soup')
    form.set('photo', new Blob([photo]), 'soup.png')
    let exit: unknown

    try {
      const url = await listeningAt(createInterface({ input: app.stdout }))
      const created = await fetch(`${url}/recipes`, { method: 'POST', body: form })
      const download = await fetch(`${url}/recipes/1/photo`)

      expect(created.status).toBe(201)
      expect(Buffer.from(await download.arrayBuffer())).toEqual(photo)
    } finally {
      app.kill('SIGTERM')
      exit = await ended
      await rm(folder, { recursive: true, force: true })
    }
    expect(exit).toEqual([null, 'SIGTERM'])
  })
})

/** What the application prints when it is ready. */
async function listeningAt(lines: AsyncIterable<string>): Promise<string> {
  const printed: string[] = []
  for await (const line of lines) {
    const url = /^Listening on (.*)$/.exec(line)?.[1]
    if (url) return url
    printed.push(line)
  }
  throw new Error(`the application does not listen:\n${printed.join('\n')}`)
}
