import { randomUUID } from 'node:crypto'
import * as fs from 'node:fs'
import { chmod, readFile, rename, rm, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { FiledepotError } from '../../errors.ts'
import { isMissing } from './folders.ts'

/** The name of the marker file in the folder of a storage. */
export const MARKER = '.depot'
const FORMAT = 1
/** For so long, a folder that was just looked at needs no second look before a write. */
const RECENT_MS = 20

/** How the marker of a folder is made. */
export interface MarkerOptions {
  /** True: the folder is on a disk of this machine, where a look takes a microsecond. */
  readonly direct: boolean
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
  readonly #options: MarkerOptions
  /** The UUID in the marker that this process has seen first. */
  #storage: string | undefined
  #version: fs.Stats | undefined
  #lookedAt = -Infinity

  constructor(folder: string, options: MarkerOptions) {
    this.#folder = folder
    this.#path = join(folder, MARKER)
    this.#options = options
  }

  /**
   * Looks for the marker before a write, and makes it if the folder never had one. A look is good for 20 milliseconds.
   *
   * @throws FiledepotError `STORAGE_UNAVAILABLE`
   */
  ensureNow(): void {
    if (performance.now() - this.#lookedAt < RECENT_MS) return
    if (this.#lookNow()) return
    if (!this.#options.create) throw this.#missing()
    this.makeNow()
  }

  /** As {@link FolderMarker.ensureNow}; looks on libuv's thread pool if the folder can take long to answer. */
  async ensure(): Promise<void> {
    if (this.#options.direct) {
      this.ensureNow()
      return
    }
    if (performance.now() - this.#lookedAt < RECENT_MS) return
    if (await this.#look()) return
    if (!this.#options.create) throw this.#missing()
    this.makeNow()
  }

  /**
   * Looks for the marker after something was not found. A folder that this process has never seen with a marker may be a new
   * one, and passes.
   *
   * @throws FiledepotError `STORAGE_UNAVAILABLE`
   */
  async expect(): Promise<void> {
    this.forget()
    if (!(await this.#look()) && !this.#options.create) throw this.#missing()
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
  makeNow(): void {
    const { folderMode, fileMode } = this.#options
    const first = fs.mkdirSync(this.#folder, { recursive: true })
    if (first !== undefined && folderMode !== undefined) fs.chmodSync(this.#folder, folderMode)
    const temporary = `${this.#path}.${randomUUID()}`
    try {
      fs.writeFileSync(temporary, newMarker(), { flag: 'wx' })
      if (fileMode !== undefined) fs.chmodSync(temporary, fileMode)
      linkOrRename(temporary, this.#path)
    } finally {
      fs.rmSync(temporary, { force: true })
    }
    this.#lookNow()
  }

  /**
   * The owner that the marker names.
   *
   * @throws FiledepotError `STORAGE_UNAVAILABLE`
   */
  async readOwner(): Promise<string | undefined> {
    await this.expect()
    return this.isKnown ? (await this.#read()).owner : undefined
  }

  /** Names an owner in the marker, and makes the marker if the folder never had one. */
  async writeOwner(owner: string): Promise<void> {
    await this.ensure()
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
  #lookNow(): boolean {
    let found: fs.Stats | undefined
    try {
      found = fs.statSync(this.#path, { throwIfNoEntry: false })
    } catch (cause) {
      throw this.#unreadable(cause)
    }
    if (this.#isKnown(found)) return true
    return this.#accept(found, () => fs.readFileSync(this.#path, 'utf8'), this.#storage)
  }

  async #look(): Promise<boolean> {
    // What another call learns meanwhile says nothing of this look.
    const known = this.#storage
    let found: fs.Stats | undefined
    let text = ''
    try {
      found = await stat(this.#path)
      if (!this.#isKnown(found)) text = await readFile(this.#path, 'utf8')
    } catch (cause) {
      if (!isMissing(cause)) throw this.#unreadable(cause)
      found = undefined
    }
    return this.#isKnown(found) || this.#accept(found, () => text, known)
  }

  #isKnown(found: fs.Stats | undefined): boolean {
    const known = this.#version
    if (!found || !known) return false
    const same = found.ino === known.ino && found.dev === known.dev && found.mtimeMs === known.mtimeMs
    if (same) this.#lookedAt = performance.now()
    return same
  }

  /** @param known the storage that was known when the look began */
  #accept(found: fs.Stats | undefined, read: () => string, known: string | undefined): boolean {
    if (!found) {
      if (known !== undefined) throw this.#missing()
      return false
    }
    const storage = this.#storageIn(read)
    if (this.#storage !== undefined && storage !== this.#storage) throw this.#foreign(storage)
    this.#storage = storage
    this.#version = found
    this.#lookedAt = performance.now()
    return true
  }

  #storageIn(read: () => string): string {
    try {
      const { storage } = JSON.parse(read()) as { storage?: unknown }
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
function linkOrRename(from: string, to: string): void {
  try {
    fs.linkSync(from, to)
  } catch (error) {
    if ((error as { code?: unknown }).code === 'EEXIST') return
    fs.renameSync(from, to)
  }
}
