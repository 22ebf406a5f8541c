import { S3Client } from '@aws-sdk/client-s3'
import type { S3BackendOptions } from '../s3-backend-options.ts'
import { watchBody } from './watch-body.ts'

const REQUEST_TIMEOUT_MS = 60_000
const CONNECT_TIMEOUT_MS = 10_000
const RETRIES = 2
/** The SDK's 50 make requests wait behind slow readers, and the time that they wait counts as theirs. */
const MAX_SOCKETS = 256

/** The client for the options of a backend. */
export function makeClient(options: S3BackendOptions): S3Client {
  const { endpoint, region, credentials, forcePathStyle } = options
  const { requestTimeout = REQUEST_TIMEOUT_MS, retries = RETRIES } = options
  const checksums = endpoint === undefined ? undefined : 'WHEN_REQUIRED'
  const { requestChecksumCalculation = checksums, responseChecksumValidation = checksums } = options
  const agent = { keepAlive: true, maxSockets: MAX_SOCKETS }
  // Of what is undefined the SDK looks into the environment and the profiles, so it must not be there at all.
  const given = {
    endpoint,
    region: region ?? (endpoint === undefined ? undefined : 'us-east-1'),
    credentials,
    forcePathStyle,
    requestChecksumCalculation,
    responseChecksumValidation,
  }
  const client = new S3Client({
    ...(Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined)) as object),
    maxAttempts: retries + 1,
    // It costs a connection and a round trip for each request, and a minute where the service knows nothing of it.
    expectContinueHeader: false,
    requestHandler: {
      connectionTimeout: Math.min(CONNECT_TIMEOUT_MS, requestTimeout),
      requestTimeout,
      throwOnRequestTimeout: true,
      // It would break off the downloads of slow readers.
      socketTimeout: 0,
      httpAgent: agent,
      httpsAgent: agent,
    },
  })
  client.middlewareStack.add(
    (next) => async (args) => {
      const result = await next(args)
      watchBody((result.response as { body?: unknown }).body, requestTimeout)
      return result
    },
    { step: 'deserialize', priority: 'low', name: 'filedepotWatchBody' },
  )
  return client
}
