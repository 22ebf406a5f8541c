import { FileStorage } from '@filedepot/core'
import { S3Backend, type S3BackendOptions } from '@filedepot/s3'
import { backendOn, optionsFor, removeBucket } from './buckets.ts'
import { FaultProxy } from './fault-proxy.ts'
import type { S3Server } from './servers.ts'

/** A storage on a bucket of its own, behind a proxy that counts and fails. */
export interface Proxied extends AsyncDisposable {
  readonly proxy: FaultProxy
  readonly backend: S3Backend
  readonly files: FileStorage
  /** The same files, past the proxy and the options. */
  readonly direct: FileStorage
}

export async function proxied(server: S3Server, options: Partial<S3BackendOptions> = {}): Promise<Proxied> {
  const proxy = await FaultProxy.start(server.endpoint)
  const backend = await backendOn(server, { endpoint: proxy.endpoint, ...options })
  proxy.operations.length = 0
  const past = new S3Backend(optionsFor(server, { bucket: backend.bucket }))
  return {
    proxy,
    backend,
    files: new FileStorage('docs', backend),
    direct: new FileStorage('docs', past),
    async [Symbol.asyncDispose]() {
      await backend.close()
      await past.close()
      await proxy.close()
      await removeBucket(server, backend.bucket)
    },
  }
}
