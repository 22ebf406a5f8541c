import { LocalBackend, type StorageBackend } from '@filedepot/core'
import { S3Backend } from '@filedepot/s3'
import { startFauxqs } from 'fauxqs'
import { mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout } from 'node:timers/promises'

/** A storage that a program writes, and that the test looks into when the program is dead. */
export interface CrashStorage {
  readonly backend: StorageBackend
  /** What the program needs to open it. */
  readonly place: object
  /** Resolves when the service has ended what the dead program has sent. */
  readonly untilOver: () => Promise<void>
  /** Temporary files and the like, which are no files. */
  readonly leftovers: () => Promise<readonly string[]>
  readonly close: () => Promise<void>
}

export async function openLocal(): Promise<CrashStorage> {
  const folder = await mkdtemp(join(tmpdir(), 'filedepot-crash-'))
  return {
    backend: new LocalBackend(folder),
    place: { folder },
    untilOver: () => Promise.resolve(),
    leftovers: async () =>
      (await readdir(folder, { recursive: true })).filter((name) => name.endsWith('.tmp')),
    close: () => rm(folder, { recursive: true }),
  }
}

/** The service runs in the process of the test, and so survives the program. */
export async function openS3(): Promise<CrashStorage> {
  const server = await startFauxqs({ port: 0, logger: false })
  const s3 = {
    bucket: 'files',
    region: 'us-east-1',
    endpoint: `http://127.0.0.1:${server.port}`,
    credentials: { accessKeyId: 'test', secretAccessKey: 'test' },
    forcePathStyle: true,
  }
  const backend = new S3Backend(s3)
  await backend.ensureBucket()
  return {
    backend,
    place: { s3 },
    untilOver: () => setTimeout(50),
    leftovers: () => Promise.resolve([]),
    async close() {
      await backend.close()
      await server.stop()
    },
  }
}
