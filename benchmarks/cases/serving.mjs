import { execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { createRequire } from 'node:module'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { compare, KIB, median, MIB } from '../harness.mjs'
import { makeRow } from '../report.mjs'

const SERVER = fileURLToPath(new URL('../children/file-server.mjs', import.meta.url))
const AUTOCANNON = createRequire(import.meta.url).resolve('autocannon')
const CONNECTIONS = 16
const SIZES = [KIB, 10 * MIB]

const REQUESTS = [
  { name: '1 KiB', file: 0, goal: 1.3 },
  { name: '304', file: 0, isConditional: true, goal: 1.8 },
  { name: 'a range of 64 KiB', file: 1, headers: { range: 'bytes=1000000-1065535' }, goal: 1.1 },
  { name: '10 MiB', file: 1, amount: 48, goal: 1 },
]

/** Files over HTTP against `send`: servers in processes of their own, and the load in another. */
export async function serving({ quick, scratch }) {
  const load = await findLoad()
  const servers = await Promise.all(
    ['send', 'send', 'filedepot'].map((name) => start(name, scratch.folder())),
  )
  try {
    const rows = []
    for (const request of REQUESTS) {
      const [floor, control, subject] = servers.map((server) => contend(server, request, load))
      const {
        ratio,
        p10,
        control: twin,
      } = await compare({
        floor,
        control,
        subject,
        rounds: quick ? 1 : 9,
        warmUp: quick ? 0 : 1,
      })
      const micros = ({ cpu }) => median(cpu).toFixed(0)
      rows.push(
        makeRow({
          name: `serve ${request.name}, requests per second`,
          value: 1 / ratio,
          p10: 1 / p10,
          cpu: median(subject.cpu) / median(floor.cpu),
          control: { ratio: 1 / twin.ratio, p10: 1 / twin.p10 },
          goal: { atLeast: request.goal },
          detail: `${micros(floor)} → ${micros(subject)} µs of CPU, by ${load.name}`,
        }),
      )
    }
    return rows
  } finally {
    for (const { child } of servers) child.kill()
  }
}

async function start(name, folder) {
  const child = spawn(process.execPath, [SERVER, name, folder, ...SIZES.map(String)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const [line] = await once(createInterface(child.stdout), 'line')
  const { port, paths } = JSON.parse(line)
  return { child, origin: `http://127.0.0.1:${port}`, paths }
}

/** Some load: a second of wrk. What it takes is told per request, in time and in the CPU of the server. */
function contend({ origin, paths }, { file, headers = {}, isConditional = false, amount = 2000 }, load) {
  const url = origin + paths[file]
  const cpu = []
  const spent = async () => Number(await (await fetch(`${origin}/cpu`)).text())
  return {
    cpu,
    async batch() {
      const sent = { ...headers }
      if (isConditional) sent['if-none-match'] = (await fetch(url, { method: 'HEAD' })).headers.get('etag')
      const before = await spent()
      const { requests, seconds } = await load.run(url, sent, amount)
      cpu.push(((await spent()) - before) / requests)
      return (seconds / requests) * 1000
    },
  }
}

/** wrk where it is installed: it takes the least from the server's machine. */
async function findLoad() {
  const run = promisify(execFile)
  const isThere = await run('wrk', ['-v']).catch((error) => error.code !== 'ENOENT')
  if (!isThere) return { name: 'autocannon', run: (...request) => byAutocannon(run, ...request) }
  return { name: 'wrk', run: (...request) => byWrk(run, ...request) }
}

async function byWrk(run, url, headers) {
  const fields = Object.entries(headers).flatMap(([name, value]) => ['-H', `${name}: ${value}`])
  const { stdout } = await run('wrk', ['-t1', `-c${CONNECTIONS}`, '-d1s', ...fields, url])
  const [, requests, seconds] = /(\d+) requests in ([\d.]+)s/.exec(stdout) ?? []
  if (!requests || /Non-2xx/.test(stdout)) throw new Error(`wrk failed:\n${stdout}`)
  return { requests: Number(requests), seconds: Number(seconds) }
}

async function byAutocannon(run, url, headers, amount) {
  const fields = Object.entries(headers).flatMap(([name, value]) => ['-H', `${name}=${value}`])
  // By number and not by time, as in a second of a busy machine not one large file may come to its end.
  const { stdout } = await run(process.execPath, [
    AUTOCANNON,
    ...['-t', '60', '-c', String(CONNECTIONS), '-a', String(amount), '-j', '-n', ...fields, url],
  ])
  const { requests, duration, errors, '4xx': refused, '5xx': failed } = JSON.parse(stdout)
  if (errors + refused + failed > 0) throw new Error(`autocannon failed:\n${stdout}`)
  return { requests: requests.total, seconds: duration }
}
