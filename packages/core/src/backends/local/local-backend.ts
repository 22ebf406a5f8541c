import { randomUUID } from 'node:crypto'
import { chmodSync, createReadStream, mkdirSync } from 'node:fs'
import { access, chmod, mkdir, open, rmdir } from 'node:fs/promises'
import { join, resolve, sep } from 'node:path'
import { Readable } from 'node:stream'
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
import { DepotFolders } from './depot-folders.ts'
import { directDisk, threadPoolDisk, type Disk } from './disk.ts'
import { FolderMarker } from './folder-marker.ts'
import { isMissing, shardOf, SIDECAR } from './folders.ts'
import { Leftovers } from './leftovers.ts'
import { listIds } from './list-ids.ts'
import { checkLength } from './opened-local-file.ts'
import { SidecarReader } from './sidecar-reader.ts'
import { formatSidecar, type Sidecar } from './sidecar.ts'
import { sweepLeftovers } from './sweep-leftovers.ts'
import { writeStreamToFile } from './write-stream-to-file.ts'

/** Options of {@link LocalBackend}. */
export interface LocalBackendOptions {
  /**
   * Waits until the disk has the bytes (`fsync`), so that a file also survives a loss of power. A write then takes
   * as long as the disk needs, some milliseconds. @default false
   */
  fsync?: boolean
  /**
   * Runs every file operation on libuv's thread pool. Set it for a network mount, where even opening a file can
   * take long; on a disk of this machine it makes small files about twice as slow. @default false
   */
  networkMount?: boolean
  /**
   * Also has the files that Python's DEPOT has stored in the folder (`<id>/file` and `<id>/metadata.json`): they are
   * read, listed, replaced and deleted, also by the rows that DEPOT has written. New files are stored as usual, and so
   * is what replaces one of DEPOT's. Listing keeps the names of DEPOT's files in memory. @default false
   */
  pythonDepot?: boolean
  /**
   * False: the folder has to be there with its marker, `.depot`; otherwise every operation rejects with
   * `STORAGE_UNAVAILABLE`. Set it for a folder on a mount, so that a process that starts before the mount is there stores
   * nothing below the mount point. {@link LocalBackend.ensureFolder} makes the folder and the marker once. @default true
   */
  create?: boolean
  /** The mode of new files, for example `0o640`, whatever the umask is. @default `0o666` less the umask */
  fileMode?: number
  /** The mode of new folders, for example `0o750`, whatever the umask is. @default `0o777` less the umask */
  folderMode?: number
}

/** Up to so many bytes are read at once: a stream of its own would cost more than the bytes. */
const SMALL_BYTES = 256 * 1024
const READ_CHUNK_BYTES = 512 * 1024
const DELETES_AT_ONCE = 16
const SHARD_ATTEMPTS = 10

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
  readonly #folderMode: number | undefined
  readonly #marker: FolderMarker
  readonly #createNow: StorageBackend['createNow']
  readonly #depot: DepotFolders | undefined
  /** The last change of each id that is being changed, so that two in this process follow each other. */
  readonly #changing = new Map<string, Promise<void>>()
  /** The names of bytes that are being written by this process. */
  readonly #writing = new Set<string>()

  /** @throws FiledepotError `INVALID_ARGUMENT` */
  constructor(folder: string, options: LocalBackendOptions = {}) {
    const { fsync = false, networkMount = false, pythonDepot = false, create = true } = options
    const { fileMode, folderMode } = options
    if (typeof folder !== 'string' || folder === '') throw expected('folder', 'the path of a folder', folder)
    checkMode('fileMode', fileMode, 0o600)
    checkMode('folderMode', folderMode, 0o700)
    this.folder = resolve(folder)
    this.#fileMode = fileMode
    this.#folderMode = folderMode
    this.#marker = new FolderMarker(this.folder, { create, direct: !networkMount, fileMode, folderMode })
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
    const path = this.#path(id, content)
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
    return sidecar && this.#path(id, sidecar.content)
  }

  read(
    id: string,
    range?: ByteRange,
    { signal }: { signal?: AbortSignal | undefined } = {},
  ): Promise<Readable> {
    return this.#reading(id, (path, sidecar) => this.#stream(path, sidecar, range, signal))
  }

  openFile(id: string): Promise<OpenedFile> {
    return this.#reading(id, (path, sidecar) => this.#disk.open(path, sidecar))
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
    await this.#removeEmptyShards(new Set(ids.map(shardOf)))
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

  #path(id: string, name: string): string {
    // Files of DEPOT are beside our folders, one of which may not be there. Else joining costs more than opening.
    return name.startsWith('..')
      ? join(this.folder, shardOf(id), name)
      : this.folder + sep + shardOf(id) + sep + name
  }

  #sidecarPath(id: string): string {
    return this.#path(id, id + SIDECAR)
  }

  /**
   * Runs what creates a file in the folder of an id, and makes the folder where it is missing: more than once where
   * deletes remove it again in the same moment.
   */
  async #inShard<T>(id: string, action: () => Promise<T>): Promise<T> {
    for (let attempt = 1; ; attempt++) {
      try {
        return await action()
      } catch (error) {
        if (!isMissing(error) || attempt === SHARD_ATTEMPTS) throw error
        this.#marker.forget()
        await this.#marker.ensure()
        await this.#makeShard(join(this.folder, shardOf(id)))
      }
    }
  }

  async #makeShard(shard: string): Promise<void> {
    // Not recursive: the folder of the storage is not made again below the mount point of a disk that is gone.
    try {
      await mkdir(shard)
    } catch (error) {
      if (isMissing(error) || (error as NodeJS.ErrnoException).code === 'EEXIST') return
      throw error
    }
    if (this.#folderMode !== undefined) await chmod(shard, this.#folderMode)
    if (this.#fsync) await syncFolder(this.folder)
  }

  /** Only the opening is tried again: what the body of a stream throws, whatever its code, is not of this folder. */
  async #writeContent(
    id: string,
    path: string,
    body: FileBody,
    signal: AbortSignal | undefined,
  ): Promise<void> {
    if (body instanceof Uint8Array) {
      await this.#inShard(id, () => this.#disk.create(path, body, this.#fsync))
      return
    }
    const file = await this.#inShard(id, () => open(path, 'wx'))
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
    const path = this.#path(id, content)
    const sidecar = formatSidecar(content, info, bytes.byteLength)
    this.#marker.ensureNow()
    for (let attempt = 1; ; attempt++) {
      try {
        createPair(path, bytes, this.#sidecarPath(id), sidecar)
        return
      } catch (error) {
        if (!isMissing(error) || attempt === SHARD_ATTEMPTS) throw error
        this.#marker.forget()
        this.#marker.ensureNow()
        this.#makeShardNow(join(this.folder, shardOf(id)))
      }
    }
  }

  #makeShardNow(shard: string): void {
    try {
      mkdirSync(shard)
      if (this.#folderMode !== undefined) chmodSync(shard, this.#folderMode)
    } catch (error) {
      if (!isMissing(error) && (error as NodeJS.ErrnoException).code !== 'EEXIST') throw error
    }
  }

  /** Lets the file exist, or be the new one, and removes the bytes that it had. */
  #commit(id: string, content: string, sidecar: string): Promise<void> {
    return this.#exclusively(id, async () => {
      const replaced = (await this.#contentsOf(id)).filter((before) => before !== content)
      await this.#inShard(id, () =>
        this.#disk.replaceText(
          this.#sidecarPath(id),
          temporaryOf(this.#path(id, content)),
          sidecar,
          this.#fsync,
        ),
      )
      if (this.#fsync) await syncFolder(join(this.folder, shardOf(id)))
      await this.#expectContent(id, content)
      for (const before of replaced) await this.#unlink(this.#path(id, before))
      // What stays of it is behind the new file, and goes with that.
      await this.#depot?.remove(id).catch(() => undefined)
    })
  }

  /** Another process that deletes an id that has no file yet takes its bytes for what a killed process has left. */
  async #expectContent(id: string, content: string): Promise<void> {
    const path = this.#path(id, content)
    try {
      await access(path)
    } catch (cause) {
      await this.#unlink(this.#sidecarPath(id))
      throw new FiledepotError('WRITE_FAILED', `The file "${id}" was deleted while it was stored.`, { cause })
    }
  }

  async #exclusively(id: string, change: () => Promise<void>): Promise<void> {
    const before = this.#changing.get(id)
    const changing = before ? before.catch(() => undefined).then(change) : change()
    this.#changing.set(id, changing)
    try {
      await changing
    } finally {
      if (this.#changing.get(id) === changing) this.#changing.delete(id)
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
      return await open(this.#path(id, sidecar.content), sidecar)
    } catch (error) {
      if (!isMissing(error)) throw error
      // Either the file was changed between the two steps, and then its sidecar is another one, or its bytes are lost.
      await this.#changing.get(id)?.catch(() => undefined)
      const now = await this.#find(id)
      if (!now) throw new FileNotFoundError(id)
      if (now.content !== sidecar.content) return await this.#reading(id, open)
      throw new FiledepotError('CORRUPT_FILE', `the bytes of the file "${id}" are gone`, { cause: error })
    }
  }

  async #stream(path: string, sidecar: Sidecar, range?: ByteRange, signal?: AbortSignal): Promise<Readable> {
    const start = range?.start ?? 0
    const end = Math.min(range?.end ?? Infinity, sidecar.size - 1)
    const length = end - start + 1
    if (length <= SMALL_BYTES) {
      const file = await this.#disk.open(path, sidecar)
      try {
        const bytes = Buffer.allocUnsafe(Math.max(0, length))
        return streamOf(bytes.subarray(0, await file.read(bytes, start)))
      } finally {
        await file.close()
      }
    }
    // Opened here, so that a missing file is an error of this call and not of the stream.
    const fd = await open(path)
    try {
      checkLength(path, (await fd.stat()).size, sidecar.size)
    } catch (error) {
      await fd.close()
      throw error
    }
    return createReadStream(path, {
      fd,
      start,
      end,
      highWaterMark: READ_CHUNK_BYTES,
      ...(signal && { signal }),
    })
  }

  /** The bytes go before the sidecar: what fails half-way is then still listed, and deleted when it is tried again. */
  #delete(id: string, leftovers: Leftovers): Promise<void> {
    return this.#exclusively(id, async () => {
      await this.#depot?.remove(id)
      const contents = await this.#contentsOf(id)
      for (const content of contents) await this.#unlinkIfThere(this.#path(id, content))
      const wasThere = await this.#unlinkIfThere(this.#sidecarPath(id))
      if (wasThere && contents.length > 0) return
      // No file, or a part of one: what a killed process has left of it goes, too.
      const left = (await leftovers.of(id)).filter((name) => !this.#writing.has(name.replace(/\.tmp$/, '')))
      for (const name of left) await this.#unlinkIfThere(this.#path(id, name))
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

  /** The folder into which new files go stays, as it would be made again at once. */
  async #removeEmptyShards(shards: Set<string>): Promise<void> {
    shards.delete(shardOf(Date.now().toString(16).padStart(12, '0')))
    for (const shard of shards) await rmdir(join(this.folder, shard)).catch(() => undefined)
  }
}

function checkMode(name: string, mode: unknown, owner: number): void {
  if (mode === undefined) return
  const good = Number.isSafeInteger(mode) && (mode as number) >= 0 && (mode as number) <= 0o777
  if (good && ((mode as number) & owner) === owner) return
  throw expected(
    name,
    `a mode such as 0o${(owner | 0o40).toString(8)}, which lets the owner read and write`,
    mode,
  )
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

/** The names in a folder, those of new folders too, are on the disk only when the folder is. */
async function syncFolder(path: string): Promise<void> {
  const folder = await open(path)
  await folder.sync().finally(() => folder.close())
}

function streamOf(bytes: Buffer): Readable {
  const stream = new Readable({ read: () => undefined })
  if (bytes.byteLength > 0) stream.push(bytes)
  stream.push(null)
  return stream
}
