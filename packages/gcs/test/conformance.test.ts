import { afterAll, beforeAll, describe, it } from '@jest/globals'
import { newFileId } from '@filedepot/core/backend'
import type { GcsBackend, GcsBackendOptions } from '@filedepot/gcs'
import { describeBackend } from '@filedepot/testing'
import type { GcsServer } from '@filedepot/testing/gcs-server'
import { backendOn, startService } from './support/gcs-service.ts'

const settings: Record<string, Partial<GcsBackendOptions>> = {
  'by default': {},
  'with every file in parts': { resumableAbove: 0, chunkSize: 256 * 1024 },
  'below a prefix': { prefix: 'up loads/些/' },
}

describe('GcsBackend on the test server', () => {
  let server: GcsServer
  beforeAll(async () => {
    server = await startService()
  })
  afterAll(() => server.close())

  for (const [name, options] of Object.entries(settings)) {
    describeBackend(
      name,
      {
        create: () => emptyBackend(server.url, options),
        destroy: (backend) => backend.close(),
        leftovers: () => Promise.resolve(server.openUploads > 0 ? [`${server.openUploads} uploads`] : []),
        // The server is in this process; constant-memory.test.ts has one in another.
        holdsFilesInMemory: true,
      },
      { describe, it },
    )
  }
})

// The fake-gcs-server of docker-compose.yml, or a real one, where there is one.
const endpoint = process.env.FILEDEPOT_TEST_GCS_ENDPOINT
if (endpoint !== undefined) {
  describe(`GcsBackend on ${endpoint}`, () => {
    describeBackend(
      'with files of more than 256 KiB in parts',
      {
        create: () => emptyBackend(endpoint, { resumableAbove: 256 * 1024, chunkSize: 256 * 1024 }),
        destroy: (backend) => backend.close(),
      },
      { describe, it },
    )
  })
}

/** A backend on a bucket of its own. */
async function emptyBackend(url: string, options: Partial<GcsBackendOptions>): Promise<GcsBackend> {
  const backend = backendOn(url, { bucket: `files-${newFileId()}`, ...options })
  await backend.ensureBucket()
  return backend
}
