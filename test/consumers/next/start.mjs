// Starts the built application and does what its users do.
import { spawn } from 'node:child_process'
import { mkdtempSync, readdirSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'

const folder = mkdtempSync(join(tmpdir(), 'next-consumer-'))
const UPLOADS = join(folder, 'uploads')
const port = await freePort()
const url = `http://127.0.0.1:${port}`
const next = spawn(
  process.execPath,
  ['node_modules/next/dist/bin/next', 'start', '-p', port, '-H', '127.0.0.1'],
  {
    env: { ...process.env, UPLOADS, DATABASE: join(folder, 'recipes.db') },
    stdio: ['ignore', 'ignore', 'inherit'],
  },
)
try {
  for (let tries = 0; tries < 120 && !(await isUp()); tries++) await sleep(250)
  const created = await post('Soup')
  const address = new URL((await created.json()).url, url)
  const text = (await (await fetch(address)).text()).slice(0, 5)
  const head = (await fetch(address, { method: 'HEAD' })).status
  const part = await fetch(address, { headers: { Range: 'bytes=0-3' } })
  const range = [part.status, await part.text()]
  const failed = (await post('Cake', { fail: 'yes' })).status
  const files = readdirSync(UPLOADS, { recursive: true }).filter((name) => name.endsWith('.json')).length
  console.log(JSON.stringify({ created: created.status, text, head, range, failed, files }))
} finally {
  next.kill()
}

function post(name, more = {}) {
  const form = new FormData()
  for (const [field, value] of Object.entries({ name, ...more })) form.set(field, value)
  form.set('photo', new Blob(['hello '.repeat(1000)]), 'soup.txt')
  return fetch(`${url}/recipes`, { method: 'POST', body: form })
}

async function isUp() {
  return await fetch(url).then(
    () => true,
    () => false,
  )
}

function freePort() {
  return new Promise((resolve) => {
    const server = createServer().listen(0, '127.0.0.1', () => {
      const { port } = server.address()
      server.close(() => resolve(String(port)))
    })
  })
}
