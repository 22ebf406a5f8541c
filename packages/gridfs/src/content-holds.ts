import type { FileKey } from './file-key.ts'

interface Hold {
  readers: number
  readonly free: Promise<void>
  readonly setFree: () => void
}

/** Which contents are being read in this process, so that their chunks stay until the readers are done. */
export class ContentHolds {
  readonly #holds = new Map<string, Hold>()

  /** Holds a content and returns what lets it go. */
  hold(content: FileKey): () => void {
    const name = content.toString()
    const hold = this.#holds.get(name) ?? newHold()
    this.#holds.set(name, hold)
    hold.readers++
    let released = false
    return () => {
      if (released) return
      released = true
      if (--hold.readers > 0) return
      this.#holds.delete(name)
      hold.setFree()
    }
  }

  /** Resolves when the last reader of the content has ended; `undefined` without readers. */
  whenFree(content: FileKey): Promise<void> | undefined {
    return this.#holds.get(content.toString())?.free
  }
}

function newHold(): Hold {
  let setFree: () => void = () => undefined
  const free = new Promise<void>((resolve) => {
    setFree = resolve
  })
  return { readers: 0, free, setFree }
}
