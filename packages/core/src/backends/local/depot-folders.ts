import { access, rmdir, unlink } from 'node:fs/promises'
import { join } from 'node:path'
import { FiledepotError } from '../../errors.ts'
import { cleanFilename } from '../../content/filename.ts'
import { parseDepotTime } from '../depot-metadata.ts'
import type { Disk } from './disk.ts'
import { isMissing, shardOf } from './folders.ts'
import type { Sidecar } from './sidecar.ts'
import type { Steps } from './steps.ts'

const BYTES = 'file'
const METADATA = 'metadata.json'
const ID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/

/**
 * The files that Python's DEPOT has stored in a folder: each is a folder, named by its id, with the bytes in `file` and
 * what is known of them in `metadata.json`. Without the latter it is no file.
 */
export class DepotFolders {
  readonly #folder: string
  readonly #disk: Disk

  constructor(folder: string, disk: Disk) {
    this.#folder = folder
    this.#disk = disk
  }

  /** The file as one of ours would say it; `undefined` where there is none. @throws FiledepotError `CORRUPT_FILE` */
  *read(id: string): Steps<Sidecar | undefined> {
    const path = join(this.#folder, id, METADATA)
    const text = yield* unlessNone(this.#disk.readText(path))
    if (text === undefined) return undefined
    const { filename, content_type, content_length, last_modified } = parse(text, path)
    const found = yield* unlessNone(this.#disk.stat(join(this.#folder, id, BYTES)))
    // Where the bytes are gone, reading them says so.
    const { size, mtime } = found ?? { size: 0, mtime: new Date(0) }
    return {
      // As seen from the folder in which our own file with this id would be.
      content: join('..', id, BYTES),
      filename: cleanFilename(typeof filename === 'string' ? filename : undefined),
      contentType: typeof content_type === 'string' ? content_type : 'application/octet-stream',
      size: typeof content_length === 'number' ? content_length : size,
      sha256: undefined,
      lastModified: parseDepotTime(last_modified) ?? mtime,
      // DEPOT replaces a file under its id, so the time of the bytes has to tell the versions apart.
      etag: `${mtime.getTime()}-${size}`,
      metadata: {},
    }
  }

  async has(id: string): Promise<boolean> {
    try {
      await access(join(this.#folder, id, METADATA))
      return true
    } catch (error) {
      unlessMissing(error)
      return false
    }
  }

  /** The bytes go first: what fails half-way is still listed. What is none of DEPOT's files stays, and its folder. */
  async remove(id: string): Promise<void> {
    const folder = join(this.#folder, id)
    // Nearly always there is none, and one call tells.
    if (await removeFolder(folder)) return
    for (const name of [BYTES, METADATA]) await unlink(join(folder, name)).catch(unlessMissing)
    await removeFolder(folder)
  }

  /** Those names in the folder that are ids, by the folders in which ours would be. */
  byShard(names: readonly string[]): Map<string, string[]> {
    const shards = new Map<string, string[]>()
    for (const id of names) {
      if (!ID.test(id)) continue
      const ids = shards.get(shardOf(id))
      if (ids) ids.push(id)
      else shards.set(shardOf(id), [id])
    }
    return shards
  }
}

function parse(text: string, path: string): Record<string, unknown> {
  try {
    const json: unknown = JSON.parse(text)
    if (typeof json === 'object' && json !== null && !Array.isArray(json))
      return json as Record<string, unknown>
    throw new TypeError('it is no object')
  } catch (cause) {
    throw new FiledepotError(
      'CORRUPT_FILE',
      `Cannot read the metadata file "${path}". Restore it from a backup, or delete the file`,
      { cause },
    )
  }
}

/** False where something is in it. */
async function removeFolder(folder: string): Promise<boolean> {
  try {
    await rmdir(folder)
    return true
  } catch (error) {
    if (['ENOTEMPTY', 'EEXIST'].includes(codeOf(error))) return false
    unlessMissing(error)
    return true
  }
}

function* unlessNone<T>(steps: Steps<T>): Steps<T | undefined> {
  try {
    return yield* steps
  } catch (error) {
    unlessMissing(error)
    return undefined
  }
}

/** A file of the name of an id is somebody else's, and no folder. */
function unlessMissing(error: unknown): undefined {
  if (!isMissing(error) && codeOf(error) !== 'ENOTDIR') throw error
}

function codeOf(error: unknown): string {
  return String((error as { code?: unknown } | undefined)?.code)
}
