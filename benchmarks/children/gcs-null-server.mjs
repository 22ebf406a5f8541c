// Speaks as much of the API of Google Cloud Storage as the storage asks for and keeps nothing: counts requests and bytes,
// lists made-up names, and prints its URL. `GET /` answers with what it has counted, and starts anew.
import { createServer } from 'node:http'

const PAGE = 1000
const names = Number(process.argv[2] ?? 0)
const OBJECT = {
  name: 'object',
  generation: '1',
  metageneration: '1',
  size: '1024',
  timeCreated: '2026-01-01T00:00:00Z',
}
let counted = { requests: 0, bytes: 0 }

const server = createServer((request, response) => {
  const { pathname, searchParams: query } = new URL(request.url, 'http://null')
  if (pathname === '/') {
    json(response, counted)
    counted = { requests: 0, bytes: 0 }
    return
  }
  counted.requests++
  request.on('data', (chunk) => (counted.bytes += chunk.length))
  request.on('end', () => answer(request, pathname, query, response))
})

function answer({ method, headers }, pathname, query, response) {
  const [, end, total] = /-(\d+)\/(\d+|\*)$/.exec(headers['content-range'] ?? '') ?? []
  if (method === 'DELETE') response.writeHead(204).end()
  else if (query.get('uploadType') === 'resumable' && method === 'POST') {
    response.setHeader('location', `${url()}${pathname}?uploadType=resumable&upload_id=1`).end()
  } else if (total === '*') response.writeHead(308, { range: `bytes=0-${end}` }).end()
  else if (method === 'GET' && pathname.endsWith('/o'))
    json(response, page(Number(query.get('pageToken') ?? 0)))
  else json(response, OBJECT)
}

/** A page of a list of so many ids, in order. */
function page(start) {
  const end = Math.min(start + PAGE, names)
  const items = Array.from({ length: end - start }, (_, index) => {
    const digits = (start + index).toString(16).padStart(12, '0')
    return { name: `01890a5d-ac96-774b-bcce-${digits}` }
  })
  return { items, ...(end < names && { nextPageToken: String(end) }) }
}

function json(response, value) {
  response.setHeader('content-type', 'application/json').end(JSON.stringify(value))
}

function url() {
  return `http://127.0.0.1:${server.address().port}`
}

server.listen(0, '127.0.0.1', () => console.log(url()))
