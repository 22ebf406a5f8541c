import { describe, expect, it } from '@jest/globals'
import { serve } from '@hono/node-server'
import compression from 'compression'
import express from 'express'
import { Hono } from 'hono'
import { compress } from 'hono/compress'
import { createServer, type Server } from 'node:http'
import { gunzipSync } from 'node:zlib'
import {
  createFileHandler,
  toNodeHandler,
  type FileHandler,
  type FileHandlerOptions,
} from '../../src/index.ts'
import { ask } from '../support/ask.ts'
import { depotWith } from '../support/depots.ts'
import { runningServers } from '../support/servers.ts'

// Behind the compression that an application has for all of its answers.

const text = Buffer.from('hello world '.repeat(20_000))
const started = runningServers()

const SERVERS: Record<string, (handler: FileHandler) => Server> = {
  Express: (handler) => createServer(express().use(compression()).use(toNodeHandler(handler))),
  Hono: (handler) => {
    const app = new Hono()
    app.use(compress())
    app.use(async (context, next) => {
      const response = await handler(context.req.raw)
      if (!response) await next()
      return response
    })
    return serve({ fetch: app.fetch, port: 0, hostname: '127.0.0.1' }) as Server
  },
}
const OPTIONS: Record<string, FileHandlerOptions> = {
  public: { public: true },
  'not public': { authorize: () => true },
}

describe.each(Object.entries(SERVERS))('behind the compression of %s', (_, start) => {
  describe.each(Object.entries(OPTIONS))('a file that is %s', (__, options) => {
    const asked = async (headers: Record<string, string>, method = 'GET') => {
      const { depot, path } = await depotWith(text)
      const server = await started(start(createFileHandler(depot, options)))
      return await ask(server, path, { method, headers: { 'Accept-Encoding': 'gzip', ...headers } })
    }

    it('comes whole', async () => {
      const { status, headers, body } = await asked({})

      const bytes = headers['content-encoding'] === 'gzip' ? gunzipSync(body) : body
      expect([status, bytes.equals(text)]).toEqual([200, true])
    })

    it('comes in parts that are not compressed', async () => {
      const { status, headers, body } = await asked({ Range: 'bytes=5-9999' })

      expect([status, headers['content-range']]).toEqual([206, `bytes 5-9999/${text.byteLength}`])
      expect(headers['content-encoding']).toBeUndefined()
      expect(body.equals(text.subarray(5, 10_000))).toBe(true)
    })

    it('has its length in the answer to HEAD', async () => {
      const { status, headers, body } = await asked({}, 'HEAD')

      expect([status, headers['content-length'], body.byteLength]).toEqual([200, String(text.byteLength), 0])
    })

    it('is not sent again where the client has it', async () => {
      const { headers } = await asked({})

      const again = await asked({ 'If-None-Match': headers.etag! })

      expect([again.status, again.body.byteLength]).toEqual([304, 0])
    })
  })
})
