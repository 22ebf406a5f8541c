/** A document, as the client of MongoDB takes and gives it. */
export type Doc = Record<string, unknown>

/** What a statement that finds a document and changes it answers. */
export interface ModifyResult {
  readonly value?: Doc | null
  readonly lastErrorObject?: { readonly n?: number; readonly upserted?: unknown }
}

/** A collection of the client, as far as it is used here: the same in its versions 5, 6 and 7. */
export interface MongoCollection {
  find(filter: Doc, options?: Doc): AsyncIterable<Doc> & { toArray(): Promise<Doc[]> }
  findOneAndUpdate(filter: Doc, update: unknown, options: Doc): Promise<ModifyResult | null>
  findOneAndReplace(filter: Doc, replacement: Doc, options: Doc): Promise<ModifyResult | null>
  findOneAndDelete(filter: Doc, options: Doc): Promise<ModifyResult | null>
}

/**
 * The query runner of TypeORM's MongoDB driver, with what its types keep to themselves. Every method of managers,
 * repositories and `BaseEntity` ends in one of its own.
 */
export interface MongoRunner {
  manager: object
  readonly broadcaster: object
  getCollection(name: string): MongoCollection
  release(): Promise<void>
}

/** The driver that makes them: one for each connection. */
export interface MongoDriver {
  readonly queryRunner?: MongoRunner
  connect(): Promise<void>
  createQueryRunner(mode: string): MongoRunner | undefined
}
