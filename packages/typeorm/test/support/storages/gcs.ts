import { GcsBackend } from '@filedepot/gcs'
import { startGcsServer } from '@filedepot/testing/gcs-server'
import type { RunningStorage } from './empty-backend.ts'

/** Google Cloud Storage in this process; every backend has a prefix of its own. */
export async function startGcs(): Promise<RunningStorage> {
  const server = await startGcsServer({ buckets: ['files'] })
  const backends: GcsBackend[] = []
  return {
    emptyBackend() {
      const backend = new GcsBackend({
        bucket: 'files',
        prefix: `${backends.length}/`,
        projectId: 'test',
        apiEndpoint: server.url,
        retryOptions: { maxRetryDelay: 0.02 },
      })
      backends.push(backend)
      return backend
    },
    async stop() {
      for (const backend of backends) await backend.close()
      await server.close()
    },
  }
}
