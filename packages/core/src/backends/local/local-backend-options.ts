import { expected } from '../../expected.ts'

/** Options of `LocalBackend`. */
export interface LocalBackendOptions {
  /**
   * Waits until the disk has the bytes (`fsync`), so that a file also survives a loss of power. A write then takes
   * as long as the disk needs, some milliseconds. @default false
   */
  fsync?: boolean
  /**
   * Runs every file operation in libuv's thread pool from the start. It is a hint: a disk whose calls take over a millisecond
   * goes there by itself, and comes back. Set it for a mount whose every call takes some tenths of a millisecond, as in the
   * network of a data centre. On a disk of this machine it makes small files slower. @default false
   */
  networkMount?: boolean
  /**
   * Also has the files that Python's DEPOT has stored in the folder (`<id>/file` and `<id>/metadata.json`): they are
   * read, listed, replaced and deleted, also by the rows that DEPOT has written. New files are stored as usual, and so
   * is what replaces one of DEPOT's. Listing keeps the names of DEPOT's files in memory. @default false
   */
  pythonDepot?: boolean
  /**
   * False: the folder has to be there with its marker, `.depot`; otherwise every operation rejects with
   * `STORAGE_UNAVAILABLE`. Set it for a folder on a mount, so that a process that starts before the mount is there stores
   * nothing below the mount point. `ensureFolder()` makes the folder and the marker once. @default true
   */
  create?: boolean
  /** The mode of new files, for example `0o640`, whatever the umask is. @default `0o666` less the umask */
  fileMode?: number
  /** The mode of new folders, for example `0o750`, whatever the umask is. @default `0o777` less the umask */
  folderMode?: number
}

/** @throws FiledepotError `INVALID_ARGUMENT` */
export function checkLocalBackendOptions({ fileMode, folderMode }: LocalBackendOptions): void {
  checkMode('fileMode', fileMode, 0o600)
  checkMode('folderMode', folderMode, 0o700)
}

function checkMode(name: string, mode: unknown, owner: number): void {
  if (mode === undefined) return
  const good = Number.isSafeInteger(mode) && (mode as number) >= 0 && (mode as number) <= 0o777
  if (good && ((mode as number) & owner) === owner) return
  throw expected(
    name,
    `a mode such as 0o${(owner | 0o40).toString(8)}, which lets the owner read and write`,
    mode,
  )
}
