import { randomUUID } from 'node:crypto'
import { access, open } from 'node:fs/promises'
import { resolve } from 'node:path'
import type { Readable } from 'node:stream'
import { setImmediate } from 'node:timers/promises'
import type {
  ByteRange,
  DeleteReport,
  FileBody,
  FileInfo,
  FileStat,
  LeftoverOptions,
  OpenedFile,
  StorageBackend,
} from '../../backend.ts'
import { FiledepotError, FileNotFoundError, hasCode } from '../../errors.ts'
import { expected } from '../../expected.ts'
import { ChangesById } from './changes-by-id.ts'
import { DepotFolders } from './depot-folders.ts'
import { directDisk, threadPoolDisk, type Disk } from './disk.ts'
import { FolderMarker } from './folder-marker.ts'
import { isMissing, SIDECAR } from './folders.ts'
import { Leftovers } from './leftovers.ts'
import { listIds } from './list-ids.ts'
import { checkLocalBackendOptions, type LocalBackendOptions } from './local-backend-options.ts'
import { Shards } from './shards.ts'
import { SidecarReader } from './sidecar-reader.ts'
import { formatSidecar, type Sidecar } from './sidecar.ts'
import { streamLocalFile } from './stream-local-file.ts'
import { sweepLeftovers } from './sweep-leftovers.ts'
import { writeStreamToFile } from './write-stream-to-file.ts'

const DELETES_AT_ONCE = 16

/**
 * Keeps files in a folder of this machine.
 *
 * A file is two: its bytes as they are, under a name that is used once, and beside them a small JSON file with the
 * metadata and that name. The JSON file is renamed into its place when the bytes are complete, which is the one
 * moment in which a file comes to exist or is replaced. That of a small new file, whose id nobody knows yet, is made
 * first, and filled when the bytes are there: what a process leaves that is killed in between is listed, and can be deleted.
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
  readonly #disk: Disk
  readonly #sidecars: SidecarReader
  readonly #fsync: boolean
  readonly #fileMode: number | undefined
  readonly #marker: FolderMarker
  readonly #shards: Shards
  readonly #createNow: StorageBackend['createNow']
  readonly #depot: DepotFolders | undefined
  readonly #changes = new ChangesById()
  /** The names of bytes that are being written by this process. */
  readonly #writing = new Set<string>()

  /** @throws FiledepotError `INVALID_ARGUMENT` */
  constructor(folder: string, options: LocalBackendOptions = {}) {
    const { fsync = false, networkMount = false, pythonDepot = false, create = true } = options
    const { fileMode, folderMode } = options
    if (typeof folder !== 'string' || folder === '') throw expected('folder', 'the path of a folder', folder)
    checkLocalBackendOptions(options)
    this.folder = resolve(folder)
    this.#fileMode = fileMode
    this.#marker = new FolderMarker(this.folder, { create, direct: !networkMount, fileMode, folderMode })
    this.#shards = new Shards(this.folder, this.#marker, { folderMode, fsync })
    this.#disk = (networkMount ? threadPoolDisk : directDisk)(fileMode)
    this.#sidecars = new SidecarReader(this.#disk)
    this.#fsync = fsync
    const { createPairNow } = this.#disk
    if (createPairNow && !fsync) {
      this.#createNow = (id, bytes, info) => {
        this.#create(createPairNow, id, bytes, info)
      }
    }
    this.#depot = pythonDepot ? new DepotFolders(this.folder, this.#disk) : undefined
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
    return new Promise((resolve) => {
      this.#marker.makeNow()
      resolve()
    })
  }

  async write(
    id: string,
    body: FileBody,
    info: FileInfo,
    { signal }: { signal?: AbortSignal | undefined },
  ): Promise<void> {
    const content = contentName(id)
    const path = this.#shards.path(id, content)
    await this.#marker.ensure()
    this.#writing.add(content)
    try {
      await this.#writeContent(id, path, body, signal)
      signal?.throwIfAborted()
      const size = body instanceof Uint8Array ? body.byteLength : (info.size ?? 0)
      await this.#commit(id, content, formatSidecar(content, info, size))
    } catch (error) {
      await this.#unlink(path)
      throw error
    } finally {
      this.#writing.delete(content)
    }
  }

  /** Missing where it has to wait for a disk, and where a class of your own writes in another way. */
  get createNow(): StorageBackend['createNow'] {
    return this.write === LocalBackend.prototype.write ? this.#createNow : undefined
  }

  async stat(id: string): Promise<FileStat | undefined> {
    const sidecar = await this.#find(id)
    // It may be remembered, and a date can be changed by whoever gets it.
    return sidecar && { ...sidecar, lastModified: new Date(sidecar.lastModified) }
  }

  async localPath(id: string): Promise<string | undefined> {
    const sidecar = await this.#find(id)
    return sidecar && this.#shards.path(id, sidecar.content)
  }

  read(
    id: string,
    range?: ByteRange,
    { signal }: { signal?: AbortSignal | undefined } = {},
  ): Promise<Readable> {
    return this.#reading(id, (path, sidecar) => streamLocalFile(this.#disk, path, sidecar, { range, signal }))
  }

  openFile(id: string): Promise<OpenedFile> {
    return this.#reading(id, (path, sidecar) => this.#disk.open(path, sidecar))
  }

  async readBytes(id: string): Promise<Buffer> {
    const file = await this.openFile(id)
    try {
      const bytes = Buffer.allocUnsafeSlow(file.size)
      return bytes.subarray(0, await file.read(bytes, 0))
    } finally {
      await file.close()
    }
  }

  async delete(ids: readonly string[]): Promise<DeleteReport> {
    const failed: { id: string; error: unknown }[] = []
    const leftovers = new Leftovers(this.folder)
    for (let start = 0; start < ids.length; start += DELETES_AT_ONCE) {
      // Names are changed on this thread, so a long list lets others have their turn.
      if (start > 0) await setImmediate()
      await Promise.all(
        ids.slice(start, start + DELETES_AT_ONCE).map(async (id) => {
          await this.#delete(id, leftovers).catch((error: unknown) => failed.push({ id, error }))
        }),
      )
    }
    await this.#shards.removeEmpty(ids)
    return { failed }
  }

  /** Also ids of files that are being written, and of what a process has left that was killed: `delete` removes both. */
  async *list({ after = '' }: { after?: string | undefined } = {}): AsyncGenerator<string> {
    await this.#marker.expect()
    yield* listIds(this.folder, after, this.#depot)
    // A folder that has gone meanwhile looks like one that holds no more files.
    await this.#marker.expect()
  }

  readOwner(): Promise<string | undefined> {
    return this.#marker.readOwner()
  }

  writeOwner(owner: string): Promise<void> {
    return this.#marker.writeOwner(owner)
  }

  /** Bytes that were replaced, or were to replace others, when their process was killed. */
  async sweepLeftovers(options: LeftoverOptions): Promise<number> {
    await this.#marker.expect()
    const place = { folder: this.folder, disk: this.#disk }
    return await sweepLeftovers(place, options, (name) => this.#writing.has(name))
  }

  #sidecarPath(id: string): string {
    return this.#shards.path(id, id + SIDECAR)
  }

  /** Only the opening is tried again: what the body of a stream throws, whatever its code, is not of this folder. */
  async #writeContent(
    id: string,
    path: string,
    body: FileBody,
    signal: AbortSignal | undefined,
  ): Promise<void> {
    if (body instanceof Uint8Array) {
      await this.#shards.create(id, () => this.#disk.create(path, body, this.#fsync))
      return
    }
    const file = await this.#shards.create(id, () => open(path, 'wx'))
    if (this.#fileMode !== undefined) await file.chmod(this.#fileMode)
    await writeStreamToFile(file, body, { sync: this.#fsync, signal })
  }

  /** Nobody else knows the id, so there is nothing to wait for, and nothing to replace. */
  #create(
    createPair: NonNullable<Disk['createPairNow']>,
    id: string,
    bytes: Uint8Array,
    info: FileInfo,
  ): void {
    const content = id + FIRST_CONTENT
    const path = this.#shards.path(id, content)
    const sidecar = formatSidecar(content, info, bytes.byteLength)
    this.#marker.ensureNow()
    this.#shards.createNow(id, () => {
      createPair(path, bytes, this.#sidecarPath(id), sidecar)
    })
  }

  /** Lets the file exist, or be the new one, and removes the bytes that it had. */
  #commit(id: string, content: string, sidecar: string): Promise<void> {
    return this.#changes.run(id, async () => {
      const replaced = (await this.#contentsOf(id)).filter((before) => before !== content)
      await this.#shards.create(id, () =>
        this.#disk.replaceText(
          this.#sidecarPath(id),
          temporaryOf(this.#shards.path(id, content)),
          sidecar,
          this.#fsync,
        ),
      )
      await this.#shards.sync(id)
      await this.#expectContent(id, content)
      for (const before of replaced) await this.#unlink(this.#shards.path(id, before))
      // What stays of it is behind the new file, and goes with that.
      await this.#depot?.remove(id).catch(() => undefined)
    })
  }

  /** Another process that deletes an id that has no file yet takes its bytes for what a killed process has left. */
  async #expectContent(id: string, content: string): Promise<void> {
    const path = this.#shards.path(id, content)
    try {
      await access(path)
    } catch (cause) {
      await this.#unlink(this.#sidecarPath(id))
      throw new FiledepotError(
        'WRITE_FAILED',
        `Cannot store the file "${id}": it was deleted at the same time`,
        { cause },
      )
    }
  }

  async #readSidecar(id: string): Promise<Sidecar | undefined> {
    // A process that only reads has to know the folder before it goes.
    if (!this.#marker.isKnown) await this.#marker.expect()
    return (await this.#sidecars.read(this.#sidecarPath(id))) ?? (await this.#depot?.read(id))
  }

  /** The sidecar; before it says that there is none, it makes sure that this is the folder of the storage. */
  async #find(id: string): Promise<Sidecar | undefined> {
    const sidecar = await this.#readSidecar(id)
    if (!sidecar) await this.#marker.expect()
    return sidecar
  }

  /** Opens the bytes of a file, once more where it is replaced in this moment. */
  async #reading<T>(id: string, open: (path: string, sidecar: Sidecar) => Promise<T>): Promise<T> {
    const sidecar = await this.#find(id)
    if (!sidecar) throw new FileNotFoundError(id)
    try {
      return await open(this.#shards.path(id, sidecar.content), sidecar)
    } catch (error) {
      if (!isMissing(error)) throw error
      // Either the file was changed between the two steps, and then its sidecar is another one, or its bytes are lost.
      await this.#changes.settled(id)
      const now = await this.#find(id)
      if (!now) throw new FileNotFoundError(id)
      if (now.content !== sidecar.content) return await this.#reading(id, open)
      throw new FiledepotError(
        'CORRUPT_FILE',
        `Cannot read the file "${id}": its bytes are missing. Restore it from a backup, or delete it`,
        { cause: error },
      )
    }
  }

  /** The bytes go before the sidecar: what fails half-way is then still listed, and deleted when it is tried again. */
  #delete(id: string, leftovers: Leftovers): Promise<void> {
    return this.#changes.run(id, async () => {
      await this.#depot?.remove(id)
      const contents = await this.#contentsOf(id)
      for (const content of contents) await this.#unlinkIfThere(this.#shards.path(id, content))
      const wasThere = await this.#unlinkIfThere(this.#sidecarPath(id))
      if (wasThere && contents.length > 0) return
      // No file, or a part of one: what a killed process has left of it goes, too.
      const left = (await leftovers.of(id)).filter((name) => !this.#writing.has(name.replace(/\.tmp$/, '')))
      for (const name of left) await this.#unlinkIfThere(this.#shards.path(id, name))
      // Another process may have put a sidecar beside these bytes meanwhile.
      if (left.length > 0) await this.#unlinkIfThere(this.#sidecarPath(id))
      await this.#marker.expect()
    })
  }

  /** The names of the bytes that the file has now; if the sidecar cannot be read, of all that bear its id. */
  async #contentsOf(id: string): Promise<string[]> {
    try {
      const sidecar = await this.#readSidecar(id)
      return sidecar ? [sidecar.content] : []
    } catch (error) {
      if (hasCode(error, 'STORAGE_UNAVAILABLE')) throw error
      return await new Leftovers(this.folder).of(id)
    }
  }

  /** False if there is no such file. */
  async #unlinkIfThere(path: string): Promise<boolean> {
    try {
      await this.#disk.unlink(path)
      return true
    } catch (error) {
      if (!isMissing(error)) throw error
      return false
    }
  }

  /** For bytes that nothing names: where they cannot be removed they are in nobody's way. */
  async #unlink(path: string): Promise<void> {
    await this.#disk.unlink(path).catch(() => undefined)
  }
}

/** Of the bytes whose sidecar it becomes, as their name is used once. */
function temporaryOf(contentPath: string): string {
  return `${contentPath}.tmp`
}

/** What ends the name of the bytes of an id that nobody has used before. */
const FIRST_CONTENT = '.first'

/** The last part of a UUID is six random bytes; Node gets those of many UUIDs at once. */
function contentName(id: string): string {
  return `${id}.${randomUUID().slice(-12)}`
}
