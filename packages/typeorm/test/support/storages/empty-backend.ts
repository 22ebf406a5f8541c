import { MemoryBackend, type StorageBackend } from '@filedepot/core'
import { afterAll } from '@jest/globals'
import { storageKind, type StorageKind } from '../database-kind.ts'

/** A storage service that is running. */
export interface RunningStorage {
  /** A backend without files, whose files no other backend sees. */
  emptyBackend(): Promise<StorageBackend> | StorageBackend
  stop(): Promise<void>
}

/** Loaded where one is asked for: the clients of the services are large. */
const START: Record<StorageKind, () => Promise<RunningStorage>> = {
  memory: () => Promise.resolve({ emptyBackend: () => new MemoryBackend(), stop: () => Promise.resolve() }),
  local: async () => (await import('./local.ts')).startLocal(),
  s3: async () => await (await import('./s3.ts')).startS3(),
  gcs: async () => await (await import('./gcs.ts')).startGcs(),
  gridfs: async () => await (await import('./gridfs.ts')).startGridFS(),
}

let starting: Promise<RunningStorage> | undefined

afterAll(async () => {
  const running = await starting
  starting = undefined
  await running?.stop()
})

/** A backend of the kind that the suite runs on, without files. */
export async function emptyBackend(): Promise<StorageBackend> {
  starting ??= START[storageKind]()
  return await (await starting).emptyBackend()
}
