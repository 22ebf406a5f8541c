import { depot } from '@filedepot/core'
import { createFileHandler } from '@filedepot/http'

const handler = createFileHandler(depot, { public: true })

export async function GET(request) {
  return (await handler(request)) ?? new Response('Not Found', { status: 404 })
}
export const HEAD = GET
