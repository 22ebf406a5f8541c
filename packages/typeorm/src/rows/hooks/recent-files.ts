import type { UploadedFile } from '@filedepot/core'

/** How many are remembered, of about a kilobyte each; up to twice as many for a while. */
const REMEMBERED = 1000

/**
 * How much of a text it is found by. The path is in there, and V8 needs longer to work out the hash of a whole text, which
 * each load of a row makes anew, than to compare two of them.
 */
const KEY_LENGTH = 100

interface Recent {
  readonly text: string
  readonly file: UploadedFile
}

/** The values of the texts that were read last. */
export class RecentFiles {
  #recent = new Map<string, Recent>()
  /** Those before them; what is asked for again comes back from here. */
  #older = new Map<string, Recent>()

  get(text: string): UploadedFile | undefined {
    const key = text.slice(0, KEY_LENGTH)
    const recent = this.#recent.get(key)
    if (recent?.text === text) return recent.file
    const older = this.#older.get(key)
    if (older?.text !== text) return undefined
    this.add(text, older.file)
    return older.file
  }

  add(text: string, file: UploadedFile): void {
    if (this.#recent.size >= REMEMBERED) {
      this.#older = this.#recent
      this.#recent = new Map()
    }
    this.#recent.set(text.slice(0, KEY_LENGTH), { text, file })
  }
}
