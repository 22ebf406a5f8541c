import { S3Backend } from '@filedepot/s3'
import { startFauxqs } from 'fauxqs'
import type { RunningStorage } from './empty-backend.ts'

/** An S3 service in this process; every backend has a bucket of its own. */
export async function startS3(): Promise<RunningStorage> {
  const server = await startFauxqs({ port: 0, logger: false })
  const backends: S3Backend[] = []
  return {
    async emptyBackend() {
      const backend = new S3Backend({
        bucket: `filedepot-${backends.length}`,
        endpoint: `http://127.0.0.1:${server.port}`,
        region: 'us-east-1',
        credentials: { accessKeyId: 'test', secretAccessKey: 'test' },
        forcePathStyle: true,
      })
      backends.push(backend)
      await backend.ensureBucket()
      return backend
    },
    async stop() {
      for (const backend of backends) await backend.close()
      await server.stop()
    },
  }
}
