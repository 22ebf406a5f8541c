/** What writes have stored before their statements, for as long as it is not known whether rows have it. */
export class OwnUploads {
  /** Files that go unless a row refers to them. */
  readonly paths: string[] = []
  /** Files whose copies the rows get: they go with the commit. */
  readonly left = new Set<string>()
  /** The values as statements have them. */
  readonly texts: unknown[] = []
  readonly #undo: (() => void)[] = []

  onUndo(undo: () => void): void {
    this.#undo.push(undo)
  }

  /** Puts back in memory what was there, the latest change first. */
  undo(): void {
    for (const undo of this.#undo.splice(0).reverse()) undo()
  }

  /** Takes over what another write has stored. */
  absorb(other: OwnUploads): void {
    this.paths.push(...other.paths)
    for (const path of other.left) this.left.add(path)
    this.texts.push(...other.texts)
    this.#undo.push(...other.#undo)
  }
}
