import { afterAll, beforeAll, describe, it } from '@jest/globals'
import { fork, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { backendCases, describeBackend } from '@filedepot/testing'
import { backendOn } from './support/gcs-service.ts'

let service: ChildProcess
let url: string

beforeAll(async () => {
  const script = join(process.cwd(), 'packages', 'gcs', 'test', 'support', 'gcs-server-process.mjs')
  service = fork(script, { execArgv: [] })
  const [message] = (await once(service, 'message')) as [{ url: string }]
  url = message.url
})

afterAll(async () => {
  service.disconnect()
  await once(service, 'exit')
})

// Only these need a server in another process.
const others = backendCases.filter(({ constantMemory = false }) => !constantMemory).map(({ name }) => name)

describeBackend(
  'GcsBackend, with the server in another process',
  { create: () => backendOn(url), destroy: (backend) => backend.close() },
  {
    describe,
    it: (name, run, timeout) => {
      if (!others.includes(name)) it(name, run, timeout)
    },
  },
)
