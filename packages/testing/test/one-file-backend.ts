import { randomUUID } from 'node:crypto'
import { mkdir, open, readdir, rename, rm, type FileHandle } from 'node:fs/promises'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { FileNotFoundError, type ByteRange, type StorageBackend } from '@filedepot/core'
import type { DeleteReport, FileBody, FileInfo, FileStat } from '@filedepot/core/backend'

/** Keeps each file in one file of a folder: its bytes, then its stat as JSON, then the length of that JSON. */
export class OneFileBackend implements StorageBackend {
  constructor(readonly folder: string) {}

  async write(
    id: string,
    body: FileBody,
    info: FileInfo,
    { signal }: { signal?: AbortSignal | undefined },
  ): Promise<void> {
    await mkdir(this.folder, { recursive: true })
    const temporary = join(this.folder, `${randomUUID()}.tmp`)
    const file = await open(temporary, 'wx')
    try {
      let size = 0
      for await (const chunk of body instanceof Uint8Array ? [body] : body) {
        signal?.throwIfAborted()
        await file.appendFile(chunk)
        size += chunk.byteLength
      }
      signal?.throwIfAborted()
      // Only now, as the size and the hash of a stream are known when it has ended.
      const { filename, contentType, sha256, metadata, lastModified = new Date() } = info
      const etag = sha256 ?? randomUUID()
      const stat = { filename, contentType, sha256, metadata, etag, size, lastModified }
      await file.appendFile(trailerOf(stat))
      // The one moment in which the file comes to exist, or is another.
      await rename(temporary, join(this.folder, id))
    } finally {
      await file.close()
      await rm(temporary, { force: true })
    }
  }

  async stat(id: string): Promise<FileStat | undefined> {
    const file = await this.#open(id)
    if (!file) return undefined
    return await readTrailer(file).finally(() => file.close())
  }

  async read(id: string, range?: ByteRange): Promise<Readable> {
    // Opened once: what is read stays one file, also where it is replaced meanwhile.
    const file = await this.#open(id)
    if (!file) throw new FileNotFoundError(id)
    const { size } = await readTrailer(file)
    if (size === 0) {
      // A stream of Node's file system reads at least one byte.
      await file.close()
      return Readable.from([], { objectMode: false })
    }
    const { start = 0, end = Infinity } = range ?? {}
    return file.createReadStream({ start, end: Math.min(end, size - 1) })
  }

  async delete(ids: readonly string[]): Promise<DeleteReport> {
    const failed: { id: string; error: unknown }[] = []
    for (const id of ids) {
      await rm(join(this.folder, id), { force: true }).catch((error: unknown) => failed.push({ id, error }))
    }
    return { failed }
  }

  async *list({ after = '' }: { after?: string | undefined } = {}): AsyncGenerator<string> {
    const names = await readdir(this.folder).catch(unlessMissing)
    for (const name of (names ?? []).sort()) if (name > after && !name.endsWith('.tmp')) yield name
  }

  async #open(id: string): Promise<FileHandle | undefined> {
    return await open(join(this.folder, id)).catch(unlessMissing)
  }
}

const LENGTH_BYTES = 4

function trailerOf(stat: FileStat): Buffer {
  const json = Buffer.from(JSON.stringify(stat))
  const length = Buffer.alloc(LENGTH_BYTES)
  length.writeUInt32BE(json.byteLength)
  return Buffer.concat([json, length])
}

async function readTrailer(file: FileHandle): Promise<FileStat> {
  const end = (await file.stat()).size - LENGTH_BYTES
  const length = (await readAt(file, end, LENGTH_BYTES)).readUInt32BE()
  const stat = JSON.parse((await readAt(file, end - length, length)).toString()) as FileStat
  return { ...stat, lastModified: new Date(stat.lastModified) }
}

async function readAt(file: FileHandle, position: number, length: number): Promise<Buffer> {
  return (await file.read(Buffer.alloc(length), 0, length, position)).buffer
}

function unlessMissing(error: unknown): undefined {
  if ((error as { code?: unknown }).code !== 'ENOENT') throw error
}
