import { ChangesById } from './changes-by-id.ts'
import { DepotFolders } from './depot-folders.ts'
import { Disk } from './disk.ts'
import { FolderMarker } from './folder-marker.ts'
import { FIRST, isMissing, REPLACED, SIDECAR } from './folders.ts'
import type { LocalBackendOptions } from './local-backend-options.ts'
import { Shards } from './shards.ts'
import { SidecarReader } from './sidecar-reader.ts'
import type { Sidecar } from './sidecar.ts'
import type { Steps } from './steps.ts'

/** The folder of a local storage: what its operations share. */
export class LocalFolder {
  readonly disk: Disk
  readonly marker: FolderMarker
  readonly shards: Shards
  readonly depot: DepotFolders | undefined
  readonly fsync: boolean
  readonly changes = new ChangesById()
  /** The names of bytes that this process is writing. */
  readonly writing = new Set<string>()
  readonly #sidecars: SidecarReader

  constructor(
    /** Absolute. */
    readonly path: string,
    options: LocalBackendOptions,
  ) {
    const { fsync = false, networkMount, pythonDepot = false, create = true, fileMode, folderMode } = options
    this.fsync = fsync
    this.disk = new Disk(fileMode, networkMount)
    this.marker = new FolderMarker(path, this.disk, { create, fileMode, folderMode })
    this.shards = new Shards(path, this.marker, { folderMode, fsync })
    this.#sidecars = new SidecarReader(this.disk)
    this.depot = pythonDepot ? new DepotFolders(path, this.disk) : undefined
  }

  /** The path of the bytes that a file has when it is new. */
  firstPath(id: string): string {
    return this.shards.path(id, id + FIRST)
  }

  /** The path of the metadata of a file that is new, and was not replaced since. */
  sidecarPath(id: string): string {
    return this.shards.path(id, id + SIDECAR)
  }

  /** The path of the metadata of a file that was replaced, or that came with its id. */
  replacedPath(id: string): string {
    return this.shards.path(id, id + REPLACED)
  }

  /** A process that only reads has to know the folder before it goes. */
  *know(): Steps<void> {
    if (!this.marker.isKnown) yield* this.marker.expect()
  }

  /** What the sidecar of a file says; `undefined` if there is none, or an empty one. @throws FiledepotError `CORRUPT_FILE` */
  *readSidecar(id: string): Steps<Sidecar | undefined> {
    yield* this.know()
    return (
      (yield* this.#sidecars.read(this.sidecarPath(id))) ??
      (yield* this.#sidecars.read(this.replacedPath(id))) ??
      (this.depot && (yield* this.depot.read(id)))
    )
  }

  /** The same. Before it says that there is none, it makes sure that this is the folder of the storage. */
  *find(id: string): Steps<Sidecar | undefined> {
    const sidecar = yield* this.readSidecar(id)
    if (!sidecar) yield* this.marker.expect()
    return sidecar
  }

  /** For bytes that nothing names: if they cannot be removed they are in nobody's way. */
  *removeQuietly(path: string): Steps<void> {
    try {
      yield* this.disk.unlink(path)
    } catch {
      // See above.
    }
  }

  /** False if no file of this name is in the folder of the id. */
  *has(path: string): Steps<boolean> {
    try {
      return (yield* this.disk.stat(path)) !== undefined
    } catch (error) {
      if (isMissing(error)) return false
      throw error
    }
  }
}
