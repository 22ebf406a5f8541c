import { randomUUID } from 'node:crypto'
import type { Stats } from 'node:fs'
import { chmod, link, mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { FiledepotError } from '../../errors.ts'
import type { Disk } from './disk.ts'
import type { Steps } from './steps.ts'

/** The name of the marker file in the folder of a storage. */
export const MARKER = '.depot'
const FORMAT = 1
/** For so long, a folder that was just looked at needs no second look before a write. */
const RECENT_MS = 20

/** How the marker of a folder is made. */
export interface MarkerOptions {
  /** False: the folder has to carry its marker already. */
  readonly create: boolean
  readonly fileMode: number | undefined
  readonly folderMode: number | undefined
}

/**
 * Knows a folder again. The folder of a storage gets a marker file with a UUID when it is first used. A folder that had its
 * marker and has none any more, or has that of another storage, is not the folder: its disk is not mounted.
 */
export class FolderMarker {
  readonly #folder: string
  readonly #path: string
  readonly #disk: Disk
  readonly #options: MarkerOptions
  /** The UUID in the marker that this process has seen first. */
  #storage: string | undefined
  #version: Stats | undefined
  #lookedAt = -Infinity

  constructor(folder: string, disk: Disk, options: MarkerOptions) {
    this.#folder = folder
    this.#path = join(folder, MARKER)
    this.#disk = disk
    this.#options = options
  }

  /**
   * Looks for the marker before a write, and makes it if the folder never had one. A look is good for 20 milliseconds.
   *
   * @throws FiledepotError `STORAGE_UNAVAILABLE`
   */
  *ensure(): Steps<void> {
    if (performance.now() - this.#lookedAt < RECENT_MS) return
    if (yield* this.#look()) return
    if (!this.#options.create) throw this.#missing()
    yield this.make()
  }

  /**
   * Looks for the marker after something was not found. A folder that this process has never seen with a marker may be a new
   * one, and passes.
   *
   * @throws FiledepotError `STORAGE_UNAVAILABLE`
   */
  *expect(): Steps<void> {
    this.forget()
    if (!(yield* this.#look()) && !this.#options.create) throw this.#missing()
  }

  /** True if this process has seen the marker: from then on, a folder without it is an error. */
  get isKnown(): boolean {
    return this.#storage !== undefined
  }

  /** Has the next write look again. */
  forget(): void {
    this.#lookedAt = -Infinity
  }

  /** Makes the folder and its marker, unless it has one. Of processes that do so at the same time, one makes it. */
  async make(): Promise<void> {
    const { folderMode, fileMode } = this.#options
    const first = await mkdir(this.#folder, { recursive: true })
    if (first !== undefined && folderMode !== undefined) await chmod(this.#folder, folderMode)
    const temporary = `${this.#path}.${randomUUID()}`
    try {
      await writeFile(temporary, newMarker(), { flag: 'wx' })
      if (fileMode !== undefined) await chmod(temporary, fileMode)
      await linkOrRename(temporary, this.#path)
    } finally {
      await rm(temporary, { force: true })
    }
    await this.#disk.run(() => this.#look())
  }

  /**
   * The owner that the marker names.
   *
   * @throws FiledepotError `STORAGE_UNAVAILABLE`
   */
  async readOwner(): Promise<string | undefined> {
    await this.#disk.run(() => this.expect())
    return this.isKnown ? (await this.#read()).owner : undefined
  }

  /** Names an owner in the marker, and makes the marker if the folder never had one. */
  async writeOwner(owner: string): Promise<void> {
    await this.#disk.run(() => this.ensure())
    const marker = { ...(await this.#read()), owner }
    const temporary = `${this.#path}.${randomUUID()}`
    try {
      await writeFile(temporary, `${JSON.stringify(marker)}\n`, { flag: 'wx', flush: true })
      if (this.#options.fileMode !== undefined) await chmod(temporary, this.#options.fileMode)
      await rename(temporary, this.#path)
    } finally {
      await rm(temporary, { force: true })
    }
  }

  async #read(): Promise<{ owner?: string }> {
    try {
      return JSON.parse(await readFile(this.#path, 'utf8')) as { owner?: string }
    } catch (cause) {
      throw this.#unreadable(cause)
    }
  }

  /** True if the folder has its marker; false if it has none, and this process has never seen one. */
  *#look(): Steps<boolean> {
    // What another call learns meanwhile says nothing of this look.
    const known = this.#storage
    let found: Stats | undefined
    let text: string | undefined
    try {
      found = yield* this.#disk.stat(this.#path)
      if (this.#isKnown(found)) return true
      if (found) text = yield* this.#disk.readText(this.#path)
    } catch (cause) {
      throw this.#unreadable(cause)
    }
    if (found && text !== undefined) return this.#accept(found, text)
    if (known !== undefined) throw this.#missing()
    return false
  }

  #isKnown(found: Stats | undefined): boolean {
    const known = this.#version
    if (!found || !known) return false
    const same = found.ino === known.ino && found.dev === known.dev && found.mtimeMs === known.mtimeMs
    if (same) this.#lookedAt = performance.now()
    return same
  }

  #accept(found: Stats, text: string): true {
    const storage = this.#storageIn(text)
    if (this.#storage !== undefined && storage !== this.#storage) throw this.#foreign(storage)
    this.#storage = storage
    this.#version = found
    this.#lookedAt = performance.now()
    return true
  }

  #storageIn(text: string): string {
    try {
      const { storage } = JSON.parse(text) as { storage?: unknown }
      if (typeof storage === 'string') return storage
      throw new TypeError('it names no storage')
    } catch (cause) {
      throw this.#unreadable(cause)
    }
  }

  #missing(): FiledepotError {
    const expected = this.#storage === undefined ? 'a marker' : `the marker of the storage ${this.#storage}`
    return unavailable(
      `The folder "${this.#folder}" is not the one of this storage: expected ${expected} in ${MARKER}, got no such file. ` +
        (this.#storage === undefined
          ? 'Mount its disk. If the folder is new, call ensureFolder() once.'
          : 'Mount its disk again, or put the marker back.'),
    )
  }

  #foreign(storage: string): FiledepotError {
    return unavailable(
      `The folder "${this.#folder}" is not the one of this storage: expected the marker of the storage ` +
        `${this.#storage ?? ''} in ${MARKER}, got that of ${storage}. Mount the right disk, or start the process again.`,
    )
  }

  #unreadable(cause: unknown): FiledepotError {
    return unavailable(
      `The marker ${MARKER} of the folder "${this.#folder}" cannot be read. Look at the cause: a disk that is gone, or rights.`,
      { cause },
    )
  }
}

function unavailable(message: string, options?: ErrorOptions): FiledepotError {
  return new FiledepotError('STORAGE_UNAVAILABLE', message, options)
}

function newMarker(): string {
  const marker = { format: FORMAT, storage: randomUUID(), createdAt: new Date().toISOString() }
  return `${JSON.stringify(marker)}\n`
}

/** A link appears whole, and only if nothing has its name. Some file systems know no links. */
async function linkOrRename(from: string, to: string): Promise<void> {
  try {
    await link(from, to)
  } catch (error) {
    if ((error as { code?: unknown }).code === 'EEXIST') return
    await rename(from, to)
  }
}
