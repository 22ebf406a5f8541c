/** What writes have stored before their statements, for as long as it is not known whether rows have it. */
export class OwnUploads {
  /** Files that go unless a row refers to them. */
  readonly paths: string[] = []
  /** Files whose copies the rows get: they go with the commit. */
  readonly left = new Set<string>()
  /** The values as statements have them. */
  readonly texts: unknown[] = []
  readonly #undo: (() => void)[] = []
  /** Gets what is stored after everything was undone. */
  #onLate: ((paths: readonly string[]) => void) | undefined

  add(paths: readonly string[]): void {
    if (this.#onLate) this.#onLate(paths)
    else for (const path of paths) this.paths.push(path)
  }

  onUndo(undo: () => void): void {
    if (this.#onLate) undo()
    else this.#undo.push(undo)
  }

  /** No row is going to have any of it, nor what is still in progress. */
  drop(lost: (paths: readonly string[]) => void): void {
    this.#onLate = lost
    this.undo()
    lost(this.paths.splice(0))
  }

  /** Puts back in memory what was there, the latest change first. */
  undo(): void {
    for (const undo of this.#undo.splice(0).reverse()) undo()
  }

  /** Takes over what another write has stored. There may be more of it than a call has room for. */
  absorb(other: OwnUploads): void {
    for (const path of other.paths) this.paths.push(path)
    for (const path of other.left) this.left.add(path)
    for (const text of other.texts) this.texts.push(text)
    for (const undo of other.#undo) this.#undo.push(undo)
  }

  /** Gives up all of it, as its rows are there: nothing is put back any more. */
  release(): { readonly paths: string[]; readonly left: string[] } {
    const released = { paths: this.paths.splice(0), left: [...this.left] }
    this.left.clear()
    this.texts.length = 0
    this.#undo.length = 0
    return released
  }
}
