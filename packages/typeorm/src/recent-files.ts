import type { UploadedFile } from '@filedepot/core'

/** How many are remembered, of about a kilobyte each; up to twice as many for a while. */
const REMEMBERED = 1000

/** The values of the texts that were read last. */
export class RecentFiles {
  #recent = new Map<string, UploadedFile>()
  /** Those before them; what is asked for again comes back from here. */
  #older = new Map<string, UploadedFile>()

  get(text: string): UploadedFile | undefined {
    const recent = this.#recent.get(text)
    if (recent) return recent
    const older = this.#older.get(text)
    if (older) this.add(text, older)
    return older
  }

  add(text: string, file: UploadedFile): void {
    if (this.#recent.size >= REMEMBERED) {
      this.#older = this.#recent
      this.#recent = new Map()
    }
    this.#recent.set(text, file)
  }
}
