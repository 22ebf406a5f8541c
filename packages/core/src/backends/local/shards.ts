import { chmod, mkdir, open, rmdir } from 'node:fs/promises'
import { join, sep } from 'node:path'
import type { FolderMarker } from './folder-marker.ts'
import { isMissing, shardOf } from './folders.ts'
import type { Steps } from './steps.ts'

/** How often a folder is made for one file: deletions may remove it again in the same moment. */
const ATTEMPTS = 10

/** Options of {@link Shards}. */
export interface ShardsOptions {
  readonly folderMode: number | undefined
  readonly fsync: boolean
}

/** The folders that hold the files, each those of some hours. They are made when they are needed. */
export class Shards {
  readonly #folder: string
  readonly #marker: FolderMarker
  readonly #options: ShardsOptions

  constructor(folder: string, marker: FolderMarker, options: ShardsOptions) {
    this.#folder = folder
    this.#marker = marker
    this.#options = options
  }

  /** The path of something that belongs to an id. */
  path(id: string, name: string): string {
    // Files of DEPOT are beside our folders, one of which may not be there. Else joining costs more than opening.
    return name.startsWith('..')
      ? join(this.#folder, shardOf(id), name)
      : this.#folder + sep + shardOf(id) + sep + name
  }

  /** Runs what creates a file in the folder of an id, and makes the folder if it is missing. */
  *create<T>(id: string, action: () => Steps<T>): Steps<T> {
    for (let attempt = 1; ; attempt++) {
      try {
        return yield* action()
      } catch (error) {
        if (!isMissing(error) || attempt === ATTEMPTS) throw error
        this.#marker.forget()
        yield* this.#marker.ensure()
        yield this.#make(join(this.#folder, shardOf(id)))
      }
    }
  }

  /** Waits until the disk has the names in the folder of an id, if it is to be waited for at all. */
  *sync(id: string): Steps<void> {
    if (this.#options.fsync) yield syncFolder(join(this.#folder, shardOf(id)))
  }

  /** Removes the folders of these ids that are empty. The one into which new files go stays: it would be made again at once. */
  async removeEmpty(ids: readonly string[]): Promise<void> {
    const shards = new Set(ids.map(shardOf))
    shards.delete(shardOf(Date.now().toString(16).padStart(12, '0')))
    for (const shard of shards) await rmdir(join(this.#folder, shard)).catch(() => undefined)
  }

  async #make(shard: string): Promise<void> {
    const { folderMode, fsync } = this.#options
    // Not recursive: the folder of the storage is not made again below the mount point of a disk that is gone.
    try {
      await mkdir(shard)
    } catch (error) {
      if (isMissing(error) || isThere(error)) return
      throw error
    }
    if (folderMode !== undefined) await chmod(shard, folderMode)
    if (fsync) await syncFolder(this.#folder)
  }
}

function isThere(error: unknown): boolean {
  return (error as NodeJS.ErrnoException).code === 'EEXIST'
}

/** The names in a folder, those of new folders too, are on the disk only when the folder is. */
async function syncFolder(path: string): Promise<void> {
  const folder = await open(path)
  await folder.sync().finally(() => folder.close())
}
