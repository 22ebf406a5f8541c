import { generateKeyPairSync } from 'node:crypto'
import { GcsBackend, type GcsBackendOptions } from '@filedepot/gcs'
import { startGcsServer, type GcsServer } from '@filedepot/testing/gcs-server'

export const ACCOUNT = 'tester@test.iam.gserviceaccount.com'

const { privateKey, publicKey } = generateKeyPairSync('rsa', {
  modulusLength: 2048,
  privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
  publicKeyEncoding: { type: 'spki', format: 'pem' },
})

/** What the tests give to sign with; nothing that they talk to is told more. */
export const credentials = { client_email: ACCOUNT, private_key: privateKey }

/** A server of the test's own, with a bucket `files`. */
export function startService(): Promise<GcsServer> {
  return startGcsServer({ buckets: ['files'], keys: { [ACCOUNT]: publicKey } })
}

/** A backend on the bucket `files` that is quick to try again. */
export function backendOn(apiEndpoint: string, options: Partial<GcsBackendOptions> = {}): GcsBackend {
  return new GcsBackend({
    bucket: 'files',
    projectId: 'test',
    credentials,
    apiEndpoint,
    retryOptions: { maxRetryDelay: 0.02 },
    ...options,
  })
}
