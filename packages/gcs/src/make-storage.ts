import type { Storage } from '@google-cloud/storage'
import type { GcsBackendOptions } from './gcs-backend-options.ts'

/** The client of the options, or one that they describe. It sends no request until it is used. */
export async function makeStorage(options: GcsBackendOptions): Promise<Storage> {
  const { storage, projectId, credentials, apiEndpoint, retryOptions } = options
  if (storage) return typeof storage === 'function' ? await storage() : storage
  // Loaded when it is needed: it takes ten times as long as all of filedepot.
  const { Storage: Client } = await import('@google-cloud/storage')
  return new Client({
    ...(projectId !== undefined && { projectId }),
    ...(typeof credentials === 'string' && { keyFilename: credentials }),
    ...(typeof credentials === 'object' && { credentials }),
    ...(apiEndpoint !== undefined && { apiEndpoint }),
    ...(retryOptions && { retryOptions }),
  })
}
