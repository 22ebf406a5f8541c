import type { UploadedFile } from '@filedepot/core'
import type { ObjectLiteral } from 'typeorm'
import { pathsOf, type Attached } from '../../column/attach-column.ts'
import type { FileColumn } from '../../column/file-column.ts'
import { isSame, pathOf } from './collection-files.ts'
import type { Doc } from '../../typeorm-internals.ts'

/** What one statement is about to do to the files of one document. */
export class DocumentClaim {
  /** The entity, or what else holds the values that are to be written. */
  readonly subject: ObjectLiteral
  /** The files that the document is known to give up; what it really gives up, the statement says. */
  readonly lost: string[] = []
  readonly #written = new Map<FileColumn, Attached | undefined>()
  readonly #kept = new Map<FileColumn, readonly UploadedFile[]>()

  constructor(subject: ObjectLiteral) {
    this.subject = subject
  }

  /** The statement writes this column. */
  add(column: FileColumn, attached: Attached | undefined, current: readonly UploadedFile[]): void {
    const files = attached?.files ?? []
    const paths = new Set(pathsOf(files))
    this.#written.set(column, attached)
    this.#kept.set(
      column,
      files.filter(({ path }) => current.some((file) => file.path === path)),
    )
    this.lost.push(...pathsOf(current).filter((path) => !paths.has(path)))
  }

  /** The columns that the statement writes. */
  get columns(): FileColumn[] {
    return [...this.#written.keys()]
  }

  writes(column: FileColumn): boolean {
    return this.columns.some((one) => isSame(one, column))
  }

  /** Paths that were uploaded for the document. */
  get gained(): string[] {
    return [...this.#written.values()].flatMap((attached) => attached?.gained ?? [])
  }

  /** Paths whose copies the document gets. */
  get left(): string[] {
    return [...this.#written.values()].flatMap((attached) => attached?.left ?? [])
  }

  /** Every path that the document names where the statement has run. */
  get paths(): string[] {
    return [...this.#written.values()].flatMap((attached) => pathsOf(attached?.files ?? []))
  }

  /** Those of them that it did not name before. */
  get added(): string[] {
    return [...this.#written.values()].flatMap((attached) => [
      ...(attached?.gained ?? []),
      ...(attached?.adopted ?? []),
    ])
  }

  /**
   * What has to hold for the statement to run: files that stay beside new ones, as in a list, must still be there.
   * Another client that removed one has deleted it.
   */
  get conditions(): Doc[] {
    return [...this.#kept].flatMap(([column, files]) =>
      files.map(({ storage, id }) => {
        const path = pathOf(column)
        return column.settings.array
          ? { [path]: { $elemMatch: { storage, id } } }
          : { [`${path}.storage`]: storage, [`${path}.id`]: id }
      }),
    )
  }

  /** The statement did not run: puts back what the properties were given. */
  revert(): void {
    for (const attached of this.#written.values()) attached?.revert()
  }
}
