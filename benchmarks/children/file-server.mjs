// Serves the files of a folder over HTTP until it is killed, by `send` or by filedepot, and prints its port and the
// paths of the files. `GET /cpu` tells the microseconds of CPU that it has spent.
import { DepotManager, LocalBackend } from '@filedepot/core'
import { createFileHandler, toNodeHandler } from '@filedepot/http'
import { writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import { randomBytes } from 'node:crypto'
import { join } from 'node:path'
import send from 'send'

const [, , server, folder, ...sizes] = process.argv
const SERVERS = { send: bySend, filedepot: byFiledepot }
const { listener, paths } = await SERVERS[server](sizes.map(Number))

createServer((request, response) => {
  if (request.url !== '/cpu') return listener(request, response)
  const { user, system } = process.cpuUsage()
  return response.end(String(user + system))
}).listen(0, '127.0.0.1', function () {
  console.log(JSON.stringify({ port: this.address().port, paths }))
})

/** Files under their names, and headers as `send` makes them. */
function bySend(all) {
  const paths = all.map((size) => `/${size}.bin`)
  for (const [index, size] of all.entries()) writeFileSync(join(folder, paths[index]), randomBytes(size))
  return {
    paths,
    listener: (request, response) => send(request, request.url, { root: folder }).pipe(response),
  }
}

async function byFiledepot(all) {
  const depot = new DepotManager()
  const files = depot.configure('default', new LocalBackend(folder))
  const paths = []
  for (const size of all) {
    const id = await files.create(randomBytes(size), { filename: `${size}.bin` })
    paths.push(depot.urlFor(files.path(id)))
  }
  return { paths, listener: toNodeHandler(createFileHandler(depot, { public: true })) }
}
