import { serve } from '@hono/node-server'
import { afterAll } from '@jest/globals'
import express from 'express'
import fastify from 'fastify'
import { Hono } from 'hono'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { toNodeHandler, type FileHandler } from '../../src/index.ts'

/** What answers what the handler leaves to the application. */
const APPLICATION = 'the application'

/** A server that has been started, and how to reach it. */
export interface Running {
  readonly origin: string
}

/** Each way in which a handler stands in a server. */
export const SERVERS: Record<string, (handler: FileHandler) => Promise<Server>> = {
  'node:http': (handler) => {
    const serveFile = toNodeHandler(handler)
    return listening(
      createServer((request, response) => {
        void serveFile(request, response, (error) => {
          response.statusCode = error ? 500 : 200
          response.end(error ? 'broken' : APPLICATION)
        })
      }),
    )
  },

  Express: (handler) => {
    const app = express()
    app.use(toNodeHandler(handler))
    app.use((_request, response) => {
      response.send(APPLICATION)
    })
    return listening(createServer(app))
  },

  Fastify: async (handler) => {
    const app = fastify()
    const serveFile = toNodeHandler(handler)
    app.route({
      method: ['GET', 'HEAD'],
      url: '/depot/*',
      handler: async (request, reply) => {
        reply.hijack()
        await serveFile(request.raw, reply.raw)
      },
    })
    app.setNotFoundHandler(() => APPLICATION)
    await app.ready()
    return await listening(app.server)
  },

  Hono: (handler) => {
    const app = new Hono()
    app.use(async (context, next) => {
      const response = await handler(context.req.raw)
      if (!response) await next()
      return response
    })
    app.all('*', (context) => context.text(APPLICATION))
    return new Promise((resolve) => {
      const server = serve({ fetch: app.fetch, port: 0, hostname: '127.0.0.1' }, () => {
        resolve(server as Server)
      })
    })
  },
}

function listening(server: Server): Promise<Server> {
  return new Promise((resolve) => {
    server.listen(0, '127.0.0.1', () => {
      resolve(server)
    })
  })
}

/** For a test file: starts servers that end with it. */
export function runningServers(): (server: Server | Promise<Server>) => Promise<Running> {
  const servers: Server[] = []
  afterAll(() => {
    for (const server of servers) {
      server.closeAllConnections()
      server.close()
    }
  })
  return async (starting) => {
    const server = await starting
    servers.push(server)
    if (!server.listening) await listening(server)
    return { origin: `http://127.0.0.1:${(server.address() as AddressInfo).port}` }
  }
}
