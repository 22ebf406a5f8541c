import { resolve } from 'node:path'
import type { Readable } from 'node:stream'
import type {
  ByteRange,
  DeleteReport,
  FileBody,
  FileInfo,
  FileStat,
  LeftoverOptions,
  OpenedFile,
  ReadBytesOptions,
  StorageBackend,
  WriteOptions,
} from '../../backend.ts'
import { expected } from '../../expected.ts'
import { deleteFile } from './delete-file.ts'
import { listIds } from './list-ids.ts'
import { checkLocalBackendOptions, type LocalBackendOptions } from './local-backend-options.ts'
import { LocalFolder } from './local-folder.ts'
import { NamesOfIds } from './names-of-ids.ts'
import { openLocalFile } from './opened-local-file.ts'
import { reading, readWholeFile } from './read-file.ts'
import { replaceFile } from './replace-file.ts'
import type { Sidecar } from './sidecar.ts'
import { runSteps, waitFor } from './steps.ts'
import { storeNewFile } from './store-new-file.ts'
import { streamLocalFile } from './stream-local-file.ts'
import { sweepLeftovers } from './sweep-leftovers.ts'

const DELETES_AT_ONCE = 16

/**
 * Keeps files in a folder of this machine.
 *
 * A file is two: its bytes as they are, and beside them a small JSON file with the metadata. Of a new file both names are made
 * first, then come the bytes, and then the metadata, so that metadata stand beside whole bytes only. What replaces a file is
 * written under a name that is used once, and its metadata are renamed into their place. An id is listed while anything bears
 * it, so what a process leaves that is killed can be deleted.
 *
 * Small files are written and read on the calling thread, at most a millisecond in a turn of the event loop. If the disk is slow
 * to answer, everything goes through libuv's thread pool until it is quick again.
 *
 * Folders are the first six digits of the id: as ids start with the time, each holds what came in within 4.7 hours, and
 * sorted folders make a sorted list.
 *
 * The folder is made on the first write, with a marker (`.depot`) by which it is known again. If the marker is gone
 * or is another one, the disk is not mounted: every operation rejects with `STORAGE_UNAVAILABLE` until it is back.
 *
 * ```ts
 * import { depot, LocalBackend } from '@filedepot/core'
 *
 * depot.configure('default', new LocalBackend('./uploads'))
 * ```
 */
export class LocalBackend implements StorageBackend {
  /** The folder, absolute. */
  readonly folder: string
  readonly #folder: LocalFolder

  /** @throws FiledepotError `INVALID_ARGUMENT` */
  constructor(folder: string, options: LocalBackendOptions = {}) {
    if (typeof folder !== 'string' || folder === '') throw expected('folder', 'the path of a folder', folder)
    checkLocalBackendOptions(options)
    this.folder = resolve(folder)
    this.#folder = new LocalFolder(this.folder, options)
  }

  /**
   * Makes the folder and its marker if they are missing. A storage with `create: false` needs it once, when its disk is
   * mounted.
   *
   * ```ts
   * import { LocalBackend } from '@filedepot/core'
   *
   * await new LocalBackend('/mnt/uploads', { create: false }).ensureFolder()
   * ```
   *
   * @throws FiledepotError `STORAGE_UNAVAILABLE` if the marker cannot be read, or is that of another storage
   */
  ensureFolder(): Promise<void> {
    return this.#folder.marker.make()
  }

  write(id: string, body: FileBody, info: FileInfo, options: WriteOptions): void | Promise<void> {
    const { signal, isNew = false } = options
    const store = isNew ? storeNewFile : replaceFile
    return this.#folder.disk.run(() => store(this.#folder, id, body, info, signal))
  }

  async stat(id: string): Promise<FileStat | undefined> {
    const sidecar = await this.#folder.disk.run(() => this.#folder.find(id))
    // It may be remembered, and a date can be changed by whoever gets it.
    return sidecar && { ...sidecar, lastModified: new Date(sidecar.lastModified) }
  }

  async localPath(id: string): Promise<string | undefined> {
    const sidecar = await this.#folder.disk.run(() => this.#folder.find(id))
    return sidecar && this.#folder.shards.path(id, sidecar.content)
  }

  async read(
    id: string,
    range?: ByteRange,
    { signal }: { signal?: AbortSignal | undefined } = {},
  ): Promise<Readable> {
    const { disk } = this.#folder
    const open = (path: string, sidecar: Sidecar) => streamLocalFile(disk, path, sidecar, { range, signal })
    return await disk.run(() => reading(this.#folder, id, open))
  }

  async openFile(id: string): Promise<OpenedFile> {
    const { disk } = this.#folder
    const open = (path: string, sidecar: Sidecar) => openLocalFile(disk, path, sidecar)
    return await disk.run(() => reading(this.#folder, id, open))
  }

  async readBytes(id: string, { size }: ReadBytesOptions = {}): Promise<Buffer> {
    return await this.#folder.disk.run(() => readWholeFile(this.#folder, id, size))
  }

  async delete(ids: readonly string[]): Promise<DeleteReport> {
    const { disk, changes, shards } = this.#folder
    const failed: { id: string; error: unknown }[] = []
    const names = new NamesOfIds(this.folder)
    let next = 0
    const lane = async () => {
      for (let id = ids[next++]; id !== undefined; id = ids[next++]) {
        const one = id
        try {
          await disk.run(() =>
            waitFor(changes.run(one, () => runSteps(deleteFile(this.#folder, one, names)))),
          )
        } catch (error) {
          failed.push({ id: one, error })
        }
      }
    }
    await Promise.all(Array.from({ length: Math.min(ids.length, DELETES_AT_ONCE) }, lane))
    await shards.removeEmpty(ids)
    return { failed }
  }

  /** Also ids of files that are being written, and of what a process has left that was killed: `delete` removes both. */
  async *list({ after = '' }: { after?: string | undefined } = {}): AsyncGenerator<string> {
    const { disk, marker, depot } = this.#folder
    await disk.run(() => marker.expect())
    yield* listIds(this.folder, after, depot)
    // A folder that has gone meanwhile looks like one that holds no more files.
    await disk.run(() => marker.expect())
  }

  readOwner(): Promise<string | undefined> {
    return this.#folder.marker.readOwner()
  }

  writeOwner(owner: string): Promise<void> {
    return this.#folder.marker.writeOwner(owner)
  }

  /** Bytes that were replaced, or were to replace others, when their process was killed. */
  async sweepLeftovers(options: LeftoverOptions): Promise<number> {
    await this.#folder.disk.run(() => this.#folder.marker.expect())
    return await sweepLeftovers(this.#folder, options)
  }
}
