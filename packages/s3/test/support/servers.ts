import { afterAll, beforeAll, describe } from '@jest/globals'
import { startFauxqs } from 'fauxqs'

/** An S3 service that the tests use. */
export interface S3Server {
  readonly name: string
  /** Known once the tests run. */
  readonly endpoint: string
  readonly region: string
  readonly credentials: { readonly accessKeyId: string; readonly secretAccessKey: string }
  /** True for one within this process, which keeps the files in its memory. */
  readonly inProcess: boolean
}

const { FILEDEPOT_TEST_S3_ENDPOINT: endpoint = '' } = process.env
const { FILEDEPOT_TEST_S3_ACCESS_KEY: accessKeyId = '', FILEDEPOT_TEST_S3_SECRET_KEY: secretAccessKey = '' } =
  process.env
const { FILEDEPOT_TEST_S3_REGION: region = 'us-east-1' } = process.env

const real: S3Server = {
  name: 'the service of FILEDEPOT_TEST_S3_ENDPOINT',
  endpoint,
  region,
  credentials: { accessKeyId, secretAccessKey },
  inProcess: false,
}

/** Declares tests for an S3 server within this process, and for a real service where one is named. */
export function describeOnServers(name: string, body: (server: S3Server) => void): void {
  describe(`${name}, on fauxqs`, () => {
    const server = {
      name: 'fauxqs',
      endpoint: '',
      region: 'us-east-1',
      credentials: { accessKeyId: 'test', secretAccessKey: 'test' },
      inProcess: true,
    }
    let stop: (() => Promise<void>) | undefined
    beforeAll(async () => {
      const running = await startFauxqs({ port: 0, logger: false })
      server.endpoint = `http://127.0.0.1:${running.port}`
      stop = () => running.stop()
    })
    afterAll(async () => {
      await stop?.()
    })
    body(server)
  })
  if (endpoint !== '') describeReal(name, body)
}

/**
 * Declares tests for what only a real service does: it checks signatures, policies and ACLs, and takes forms. Skipped
 * where none is named.
 */
export function describeOnRealServer(name: string, body: (server: S3Server) => void): void {
  describeReal(name, body)
}

function describeReal(name: string, body: (server: S3Server) => void): void {
  const declare = endpoint === '' ? describe.skip : describe
  declare(`${name}, on ${real.name}`, () => {
    body(real)
  })
}
