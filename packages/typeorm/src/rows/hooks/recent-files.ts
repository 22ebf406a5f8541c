import type { UploadedFile } from '@filedepot/core'

/** How many are remembered, of about a kilobyte each; up to twice as many for a while. */
const REMEMBERED = 1000

/** How many characters of a text it is found by, from all over it. */
const SAMPLED = 32

interface Recent {
  readonly text: string
  readonly file: UploadedFile
}

/** The values of the texts that were read last. */
export class RecentFiles {
  #recent = new Map<number, Recent>()
  /** Those before them; what is asked for again comes back from here. */
  #older = new Map<number, Recent>()

  get(text: string): UploadedFile | undefined {
    const key = keyOf(text)
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
    this.#recent.set(keyOf(text), { text, file })
  }
}

/**
 * A number that few texts share, for a map that then compares them. V8 needs several times as long to work out the hash of a text
 * itself, which each load of a row makes anew.
 */
function keyOf(text: string): number {
  const step = Math.max(1, Math.floor(text.length / SAMPLED))
  let key = text.length
  for (let index = 0; index < text.length; index += step) key = (key * 31 + text.charCodeAt(index)) | 0
  return key
}
