// Speaks as much S3 as the storage asks for and keeps nothing: counts requests and bytes, lists made-up keys, and
// prints its port. `GET /` answers with what it has counted, and starts anew.
import { createServer } from 'node:http'

const PAGE = 1000
const keys = Number(process.argv[2] ?? 0)
let counted = { requests: 0, bytes: 0 }

const server = createServer((request, response) => {
  const { pathname, searchParams: query } = new URL(request.url, 'http://null')
  if (pathname === '/') {
    response.end(JSON.stringify(counted))
    counted = { requests: 0, bytes: 0 }
    return
  }
  counted.requests++
  request.on('data', (chunk) => (counted.bytes += chunk.length))
  request.on('end', () => answer(request.method, query, response))
})

function answer(method, query, response) {
  if (method === 'GET') response.end(page(Number(query.get('continuation-token') ?? 0)))
  else if (method === 'PUT') response.setHeader('etag', '"0123456789abcdef0123456789abcdef"').end()
  else if (query.has('uploads')) response.end(result('InitiateMultipartUpload', '<UploadId>1</UploadId>'))
  else if (query.has('uploadId')) response.end(result('CompleteMultipartUpload', '<ETag>"1-1"</ETag>'))
  else response.end(result('Delete', ''))
}

/** A page of a list of so many ids, in order. */
function page(start) {
  const end = Math.min(start + PAGE, keys)
  let contents = ''
  for (let n = start; n < end; n++) {
    const id = `01890a5d-ac96-774b-bcce-${n.toString(16).padStart(12, '0')}`
    contents +=
      `<Contents><Key>${id}</Key><LastModified>2026-01-01T00:00:00.000Z</LastModified>` +
      '<ETag>&quot;0123456789abcdef0123456789abcdef&quot;</ETag><Size>1000</Size>' +
      '<StorageClass>STANDARD</StorageClass></Contents>'
  }
  const more = end < keys ? `<NextContinuationToken>${end}</NextContinuationToken>` : ''
  return result('ListBucket', `<IsTruncated>${end < keys}</IsTruncated>${more}${contents}`)
}

function result(name, body) {
  return `<?xml version="1.0" encoding="UTF-8"?><${name}Result>${body}</${name}Result>`
}

server.listen(0, '127.0.0.1', () => console.log(server.address().port))
