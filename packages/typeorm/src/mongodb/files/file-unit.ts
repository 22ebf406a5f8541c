import { AbortedError, type DepotManager, type UploadedFile } from '@filedepot/core'
import { FileTransaction } from '@filedepot/core/integration'
import type { ObjectLiteral } from 'typeorm'
import { prepareColumn } from '../../column/attach-column.ts'
import type { FileColumn } from '../../column/file-column.ts'
import type { LoadedFiles } from '../../column/loaded-files.ts'
import { sameObject } from '../../column/refusals.ts'
import type { CollectionFiles } from './collection-files.ts'
import { DocumentClaim } from './document-claim.ts'
import type { Doc } from '../../typeorm-internals.ts'

/** What units share. */
export interface UnitParts {
  readonly depot: DepotManager
  readonly loaded: LoadedFiles
  readonly maxWait: number
}

/** The entity of a new document, and the columns that are looked at. */
type NewDocument = Pick<CollectionFiles, 'metadata' | 'columns'>

/**
 * The files of one save, or of one statement of another kind. There are no transactions: each document is written by
 * itself. So each has a claim; at the end, what the documents gave up is deleted, and what was uploaded for those that
 * were not written.
 */
export class FileUnit {
  readonly #parts: UnitParts
  readonly #files: FileTransaction
  /** Claims whose statements have not run. */
  readonly #open = new Set<DocumentClaim>()
  readonly #inserts = new Map<ObjectLiteral, DocumentClaim>()
  /** In the order in which they were prepared: a document can be in a save twice. */
  readonly #updates = new Map<string, DocumentClaim[]>()

  constructor(parts: UnitParts) {
    this.#parts = parts
    this.#files = new FileTransaction(parts.depot, { maxWait: parts.maxWait })
  }

  /** Uploads what a new document holds, and lets it hold the stored values. */
  async insert({ metadata, columns }: NewDocument, subject: ObjectLiteral): Promise<DocumentClaim> {
    if (this.#inserts.has(subject)) throw sameObject(metadata)
    const claim = this.claim(subject)
    this.#inserts.set(subject, claim)
    await Promise.all(columns.map((column) => this.attach(claim, column, [])))
    return claim
  }

  /** The claim on a new document that this object was prepared for. */
  inserted(subject: ObjectLiteral): DocumentClaim | undefined {
    return this.#inserts.get(subject)
  }

  /** Prepares the update of the document with this key. */
  update(key: string, subject: ObjectLiteral): DocumentClaim {
    const claim = this.claim(subject)
    const claims = this.#updates.get(key) ?? []
    claims.push(claim)
    this.#updates.set(key, claims)
    return claim
  }

  /** The next claim on this document, where it is the one. */
  takeUpdate(key: string, isIt: (claim: DocumentClaim) => boolean): DocumentClaim | undefined {
    const claims = this.#updates.get(key)
    return claims?.[0] && isIt(claims[0]) ? claims.shift() : undefined
  }

  claim(subject: ObjectLiteral): DocumentClaim {
    const claim = new DocumentClaim(subject)
    this.#open.add(claim)
    return claim
  }

  /** The claim of a statement that takes all files away that a document has. */
  claimWhole({ columns }: CollectionFiles, doc: Doc): DocumentClaim {
    const claim = this.claim({})
    for (const column of columns) claim.add(column, undefined, column.parse(column.get(doc)))
    return claim
  }

  /** Makes a property of the claim's subject hold stored values, which the statement then writes. */
  async attach(claim: DocumentClaim, column: FileColumn, current: readonly UploadedFile[]): Promise<void> {
    const { depot } = this.#parts
    const attach = prepareColumn(column, claim.subject, current, {
      depot,
      files: this.#files,
      enter: (upload) => upload(),
      leave: ({ files }) => {
        this.#files.discard(files)
      },
    })
    // The files of all documents of a save are prepared before the first of them is written.
    await Promise.resolve()
    const attached = await attach()
    if (this.#files.settled) {
      // The save has failed meanwhile, and its end has been.
      attached?.revert()
      if (attached) void depot.deleteFiles(attached.gained)
      throw new AbortedError('An upload whose save has ended')
    }
    claim.add(column, attached, current)
  }

  /** The statement has run, and the document has given up these files. */
  written(claim: DocumentClaim, lost: readonly string[]): void {
    this.#open.delete(claim)
    this.#files.discard(lost)
    this.#files.discard(claim.left)
    for (const column of claim.columns) this.#parts.loaded.remember(claim.subject, column)
  }

  /** For a statement with an unknown outcome: keeps all of its files, and emits `unsettled`. */
  unsettled(claim: DocumentClaim, reason: unknown): void {
    this.#open.delete(claim)
    const paths = [...claim.gained, ...claim.lost, ...claim.left]
    if (paths.length > 0) this.#parts.depot.report('unsettled', { paths, reason })
  }

  /** Undoes what was not written. Never rejects. */
  async settle(): Promise<void> {
    for (const claim of this.#open) {
      claim.revert()
      this.#files.discard(claim.gained)
    }
    await this.#files.settle('committed')
  }
}
