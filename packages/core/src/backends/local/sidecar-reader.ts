import type { Disk, FileVersion } from './disk.ts'
import { parseSidecar, type Sidecar } from './sidecar.ts'
import type { Steps } from './steps.ts'

/** How many sidecars are remembered, of about a kilobyte each. */
const REMEMBERED = 4096

/** A file that changed so lately could change again without its time showing it: clocks of file systems tick slowly. */
const RECENT_MS = 1000

interface Remembered {
  readonly version: FileVersion
  readonly sidecar: Sidecar
}

/**
 * Reads sidecars, and remembers them for as long as the file system says that they are the same: one is read again
 * where another process has replaced it, too. On a quick disk, asking takes a fifth of the time that reading and parsing take;
 * on a slow one it takes as long, and nobody asks.
 */
export class SidecarReader {
  readonly #disk: Disk
  readonly #remembered = new Map<string, Remembered>()

  constructor(disk: Disk) {
    this.#disk = disk
  }

  /**
   * The sidecar with this path. `undefined` if there is none, and if it is empty: then the file is being stored, or its process
   * was killed meanwhile.
   *
   * @throws FiledepotError `CORRUPT_FILE`
   */
  *read(path: string): Steps<Sidecar | undefined> {
    const asks = this.#disk.isQuick
    const version = asks ? yield* this.#disk.stat(path) : undefined
    const remembered = this.#remembered.get(path)
    if (version && remembered && isSame(version, remembered.version)) return remembered.sidecar
    this.#remembered.delete(path)
    if (asks && !version) return undefined

    const text = yield* this.#disk.readText(path)
    const sidecar = text ? parseSidecar(text, path) : undefined
    // Asked before it was read: where it was replaced in between, the next reader sees another version.
    if (sidecar && version && Date.now() - version.mtimeMs > RECENT_MS)
      this.#remember(path, { version, sidecar })
    return sidecar
  }

  #remember(path: string, remembered: Remembered): void {
    // Those that came first go first.
    if (this.#remembered.size >= REMEMBERED) {
      for (const oldest of this.#remembered.keys()) {
        this.#remembered.delete(oldest)
        break
      }
    }
    this.#remembered.set(path, remembered)
  }
}

function isSame(a: FileVersion, b: FileVersion): boolean {
  return a.ino === b.ino && a.mtimeMs === b.mtimeMs && a.size === b.size
}
