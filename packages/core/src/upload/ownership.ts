import { stateOf } from './value-state.ts'
import type { UploadedFile } from './uploaded-file.ts'

// A file belongs to one row, else deleting one of two rows would take the file of the other. A value that is not unowned
// came from a row, so another row gets a copy.

/**
 * Notes that no row has the value: the next one that gets it takes its file. For integrations.
 *
 * @param taking what {@link takingOf} has said when it was taken: if another row has taken it since, it is theirs
 */
export function giveBack(value: UploadedFile, taking?: number): void {
  const state = stateOf(value)
  if (taking !== undefined && taking !== state.takings) return
  state.isUnowned = true
  state.books = undefined
  const { onGiveBack } = state
  state.onGiveBack = undefined
  onGiveBack?.()
}

/**
 * Takes the value for a row. False if a row has it already. For integrations.
 *
 * @param books stands for the database whose ledger counts the row, if one does
 */
export function takeOwnership(value: UploadedFile, books?: object): boolean {
  const state = stateOf(value)
  const { isUnowned } = state
  state.isUnowned = false
  if (isUnowned) {
    state.takings++
    state.books = books
  }
  return isUnowned
}

/** True if the rows that have the value are counted by the ledger of this database. For integrations. */
export function isCountedBy(value: UploadedFile, books: object | undefined): boolean {
  return stateOf(value).books === books
}

/** Notes that another row gets a value that is taken already: rows may share a file if a ledger counts them. */
export function shareOwnership(value: UploadedFile): void {
  stateOf(value).sharers++
}

/** Notes that one of the rows that were to get a value does not. It is given back when none has it. */
export function releaseOwnership(value: UploadedFile): void {
  const state = stateOf(value)
  if (state.sharers > 0) state.sharers--
  else giveBack(value)
}

/** Tells the takings of a value by {@link takeOwnership} apart. For integrations. */
export function takingOf(value: UploadedFile): number {
  return stateOf(value).takings
}

/**
 * Notes that what brought the value is over, as a request: if no row has it, no row can get it any more. `remove` is called to
 * delete its files: now, or when the transaction that has taken it is rolled back. Needed after `depot.upload` only:
 * `receiveFiles` and `multerStorage` do it by themselves.
 *
 * ```ts
 * import { depot, discardUnowned, UploadedFile } from '@filedepot/core'
 *
 * declare function saveRow(photo: UploadedFile): Promise<void>
 *
 * const photo = await depot.upload(UploadedFile.from(Buffer.from('…')))
 * try {
 *   await saveRow(photo)
 * } finally {
 *   await discardUnowned(photo, () => depot.deleteFiles(photo.files))
 * }
 * ```
 */
export function discardUnowned(value: UploadedFile, remove: () => Promise<void>): Promise<void> {
  const state = stateOf(value)
  if (state.isDiscarded) return Promise.resolve()
  if (!takeOwnership(value)) {
    state.onGiveBack = () => void discardUnowned(value, remove)
    return Promise.resolve()
  }
  state.isDiscarded = true
  state.isRevoked = true
  return remove()
}

/** True for a value that {@link discardUnowned} has discarded. For integrations. */
export function isDiscarded(value: UploadedFile): boolean {
  return stateOf(value).isDiscarded
}

/**
 * The value that was copied to get this one, because it was in another storage than its row wants; it belongs to nobody
 * else, and its files go when a row has the copy. Few values are moved, so they are kept beside them.
 */
const originals = new WeakMap<UploadedFile, UploadedFile>()

/** Notes from which value a row gets a copy in its place. */
export function noteMove(copy: UploadedFile, original: UploadedFile): void {
  originals.set(copy, original)
}

/**
 * The value in whose place a row gets this one, or `undefined`. Whoever writes the row discards the files of the original
 * when the row holds the copy, and gives the original back when it does not. For integrations.
 */
export function movedFrom(copy: UploadedFile): UploadedFile | undefined {
  return originals.get(copy)
}

/** No row has the copy, so its original is given back, once. For integrations. */
export function giveBackOriginal(copy: UploadedFile): void {
  const original = originals.get(copy)
  if (!original) return
  originals.delete(copy)
  giveBack(original)
}

/** Notes that the files of the value are gone, or go: written into a row, it would dangle. For integrations. */
export function markRevoked(value: UploadedFile): void {
  stateOf(value).isRevoked = true
}

/** True for a value whose files a rollback has removed, so that no row may get it any more. For integrations. */
export function isRevoked(value: UploadedFile): boolean {
  return stateOf(value).isRevoked
}
