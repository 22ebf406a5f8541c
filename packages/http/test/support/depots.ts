import { DepotManager, MemoryBackend, type StorageBackend } from '@filedepot/core'
import type { FileStat } from '@filedepot/core/backend'

/** A manager with one storage, `default`, and one file in it. */
export async function depotWith(
  content: Uint8Array,
  {
    filename = 'hello.txt',
    contentType = 'text/plain',
    backend = new MemoryBackend(),
  }: { filename?: string; contentType?: string; backend?: StorageBackend } = {},
) {
  const depot = new DepotManager()
  const files = depot.configure('default', backend)
  const id = await files.create(content, { filename, contentType })
  return { depot, files, id, path: `/depot/default/${id}` }
}

/** A backend whose files are as old, and as named, as a test wants them: also as filedepot itself would not make them. */
export class ForeignBackend extends MemoryBackend {
  constructor(readonly said: Partial<FileStat>) {
    super()
  }

  override async stat(id: string): Promise<FileStat | undefined> {
    const stat = await super.stat(id)
    return stat && { ...stat, ...this.said }
  }
}

/** Counts what is asked of it. */
export class CountingBackend extends MemoryBackend {
  readonly calls: string[] = []

  override stat(id: string): ReturnType<MemoryBackend['stat']> {
    this.calls.push('stat')
    return super.stat(id)
  }

  override read(...parameters: Parameters<MemoryBackend['read']>): ReturnType<MemoryBackend['read']> {
    this.calls.push('read')
    return super.read(...parameters)
  }
}
