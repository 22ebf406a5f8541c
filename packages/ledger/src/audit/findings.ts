import { isUnread } from './file-ages.ts'

/** The row that a finding is about. */
export interface FoundRow {
  readonly table: string
  readonly column: string
  /** Values that JSON has no form for are text. */
  readonly key: Readonly<Record<string, unknown>>
}

/** What {@link verifyFiles} and {@link collectGarbage} find. */
export type Finding =
  /** A row refers to a file that its storage does not have. */
  | ({ readonly kind: 'dangling'; readonly path: string } & FoundRow)
  /** A file is in a storage, and no row refers to it. */
  | { readonly kind: 'orphaned'; readonly path: string }
  /** The bytes of a file are not those that its row, or its storage, says; or they cannot be read. */
  | ({ readonly kind: 'changed'; readonly path: string; readonly reason: string } & FoundRow)
  /** The files of a value are not known, since it is not the JSON of a file. */
  | ({ readonly kind: 'unreadable' } & FoundRow)
  /** The storage could not say whether a file is there, or how old it is. It stays. */
  | { readonly kind: 'unchecked'; readonly path: string; readonly reason: string }
  /** A row refers to a file of a storage that the depot does not have. */
  | ({ readonly kind: 'unconfigured'; readonly path: string } & FoundRow)

/** How many findings of each kind there are. */
export type FindingCounts = Readonly<Record<Finding['kind'], number>>

/** Enough to see what is wrong. */
const NAMED = 100

/** Counts findings, keeps a hundred of each kind, and passes on all of them. */
export class Findings {
  readonly counts = { dangling: 0, orphaned: 0, changed: 0, unreadable: 0, unconfigured: 0, unchecked: 0 }
  readonly examples: Finding[] = []
  readonly #onFinding: ((finding: Finding) => void | Promise<void>) | undefined

  constructor(onFinding: ((finding: Finding) => void | Promise<void>) | undefined) {
    this.#onFinding = onFinding
  }

  /** Runs a check of a file. If its storage cannot read it, the finding is that. */
  async check<T>(path: string, action: () => Promise<T>): Promise<T | undefined> {
    try {
      return await action()
    } catch (error) {
      if (!isUnread(error)) throw error
      await this.add({ kind: 'unchecked', path, reason: error.message })
      return undefined
    }
  }

  async add(finding: Finding): Promise<void> {
    const count = ++this.counts[finding.kind]
    if (count <= NAMED) this.examples.push(finding)
    await this.#onFinding?.(finding)
  }
}
