import type { CollectionFiles } from '../files/collection-files.ts'
import type { DocumentClaim } from '../files/document-claim.ts'
import { FileUnit, type UnitParts } from '../files/file-unit.ts'
import type { Doc, ModifyResult, MongoCollection } from '../../typeorm-internals.ts'
import { changedMeanwhile } from '../files/refusals.ts'
import { isRefusal, unacknowledged } from './write-answers.ts'

/** A claim, and the document that it is on. */
export interface ClaimedDocument {
  readonly claim: DocumentClaim
  /** `undefined` for a document that is about to be made. */
  readonly id: unknown
  /** What the answer has to show of it. @default its files */
  readonly projection?: Doc
}

/** A write of documents with files. */
export class Statement {
  readonly files: CollectionFiles
  readonly collection: MongoCollection
  /** That of the save that the statement is a part of. */
  readonly unit: FileUnit | undefined
  /** What the caller told the client. */
  readonly options: Doc
  readonly #parts: UnitParts

  constructor(
    { files, collection, unit, options }: Pick<Statement, 'files' | 'collection' | 'unit' | 'options'>,
    parts: UnitParts,
  ) {
    this.files = files
    this.collection = collection
    this.unit = unit
    this.options = options
    this.#parts = parts
  }

  /** Runs an action with a unit of its own, whose files are settled at its end. */
  async alone<T>(action: (unit: FileUnit) => Promise<T>): Promise<T> {
    const unit = new FileUnit(this.#parts)
    try {
      return await action(unit)
    } finally {
      await unit.settle()
    }
  }

  /** The documents that a filter matches, with their files only. */
  async read(filter: Doc, more?: Doc): Promise<Doc[]> {
    return await this.find(filter, more).toArray()
  }

  /** The same, one after the other. */
  find(filter: Doc, more: Doc = {}): ReturnType<MongoCollection['find']> {
    const { session, collation, hint, sort } = this.options
    const options = { ...defined({ session, collation, hint, sort }), ...more }
    // If a secondary lags behind, a document could seem to have given up a file that it names.
    const always = { projection: this.files.projection, readPreference: 'primary' }
    return this.collection.find(filter, { ...always, ...options })
  }

  /**
   * Runs a statement that returns the document before the change. So the replaced files are known, also after concurrent
   * changes. `undefined` if there was no document.
   *
   * @throws FiledepotError `CONCURRENT_CHANGE` where files that were to stay are gone
   */
  async modify(
    unit: FileUnit,
    claimed: ClaimedDocument,
    filters: readonly Doc[],
    run: (filter: Doc, options: Doc) => Promise<ModifyResult | null>,
  ): Promise<ModifyResult | undefined> {
    const { claim, projection = this.files.projection } = claimed
    let result: ModifyResult | null
    try {
      result = await run(allOf([...filters, ...claim.conditions]), {
        ...this.options,
        projection,
        returnDocument: 'before',
        includeResultMetadata: true,
      })
    } catch (error) {
      if (!isRefusal(error)) await this.lookUp(unit, [claimed], error)
      throw error
    }
    if (!result?.lastErrorObject) {
      unit.unsettled(claim, unacknowledged())
      return undefined
    }
    if (!result.value && result.lastErrorObject.upserted === undefined) {
      if (claim.conditions.length > 0) throw changedMeanwhile(this.files)
      return undefined
    }
    unit.written(claim, this.#lost(claim, result.value))
    return result
  }

  /** Looks which statements have run whose answers were lost. */
  async lookUp(unit: FileUnit, claimed: readonly ClaimedDocument[], error: unknown): Promise<void> {
    const ids = claimed.flatMap(({ id }) => (id === undefined ? [] : [id]))
    let docs: Doc[]
    try {
      docs = await this.read({ _id: { $in: ids } }, { sort: undefined })
    } catch {
      for (const { claim } of claimed) unit.unsettled(claim, error)
      return
    }
    const byId = new Map(docs.map((doc) => [String(doc._id), doc]))
    for (const { claim, id } of claimed) {
      const doc = byId.get(String(id))
      const held = new Set(doc ? this.files.pathsIn(doc) : [])
      const { added, lost } = claim
      const hasRun =
        added.length > 0 ? added.some((path) => held.has(path)) : !lost.some((path) => held.has(path))
      if (hasRun)
        unit.written(
          claim,
          lost.filter((path) => !held.has(path)),
        )
      // What the server refused for sure, the unit undoes.
      else if (!isRefusal(error)) unit.unsettled(claim, error)
    }
  }

  /** What the document gave up, as it was before. */
  #lost(claim: DocumentClaim, before: Doc | null | undefined): string[] {
    if (!before) return []
    const kept = new Set(claim.paths)
    return this.files.pathsIn(before, claim.columns).filter((path) => !kept.has(path))
  }
}

/** One filter for all: side by side where that says the same, as some operators have to be at the top. */
function allOf(filters: readonly Doc[]): Doc {
  const names = filters.flatMap((filter) => Object.keys(filter))
  return new Set(names).size === names.length ? (Object.assign({}, ...filters) as Doc) : { $and: filters }
}

function defined(options: Doc): Doc {
  return Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined))
}
