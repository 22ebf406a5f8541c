import { FiledepotError } from '@filedepot/core'
import type { EntityMetadata } from 'typeorm'
import { pathsOf } from '../../column/attach-column.ts'
import { fileColumnsOf, type FileColumn } from '../../column/file-column.ts'
import type { Doc } from '../../typeorm-internals.ts'

/** The file columns of the documents of a collection. */
export class CollectionFiles {
  readonly name: string
  /** The entity of the collection, or the first of several. */
  readonly metadata: EntityMetadata
  readonly columns: readonly FileColumn[]
  /** What is read of a document to know its files. */
  readonly projection: Doc
  /** How deep a file can be in an update: below a list of them, an operator, and the names of its path. */
  readonly depth: number

  constructor(metadatas: readonly [EntityMetadata, ...EntityMetadata[]]) {
    this.metadata = metadatas[0]
    this.name = this.metadata.tableName
    const all = metadatas.flatMap(fileColumnsOf)
    // Several entities can be views of the same documents.
    this.columns = all.filter((column, index) => all.findIndex((one) => isSame(one, column)) === index)
    this.depth = 2 + Math.max(...this.columns.map((column) => pathOf(column).split('.').length))
    this.projection = Object.fromEntries(['_id', ...this.columns.map(pathOf)].map((path) => [path, 1]))
  }

  /** The paths of all files that a document names, or of those in some of its columns. */
  pathsIn(doc: Doc, columns = this.columns): string[] {
    return columns.flatMap((column) => pathsOf(column.parse(column.get(doc))))
  }

  /** True if a document that is about to be written has something in a file column. */
  isIn(doc: Doc): boolean {
    return this.columns.some((column) => column.list(column.get(doc)).length > 0)
  }
}

/** The path of the value of a column in a document. */
export function pathOf({ column }: FileColumn): string {
  return column.propertyPath
}

/** True for the same place in a document, also as two entities of one collection declare it. */
export function isSame(one: FileColumn, other: FileColumn): boolean {
  return pathOf(one) === pathOf(other)
}

/** Names a document by its collection and its `_id`. */
export function keyOf(collection: string, id: unknown): string {
  return `${collection} ${String(id)}`
}

/**
 * The collections with files, by name.
 *
 * @throws FiledepotError `NOT_SUPPORTED` for columns whose files could not be found again
 */
export function collectionsWithFiles(
  metadatas: readonly EntityMetadata[],
): ReadonlyMap<string, CollectionFiles> {
  const byName = new Map<string, [EntityMetadata, ...EntityMetadata[]]>()
  for (const metadata of metadatas) {
    if (fileColumnsOf(metadata).length === 0) continue
    fileColumnsOf(metadata).forEach(check)
    const same = byName.get(metadata.tableName)
    if (same) same.push(metadata)
    else byName.set(metadata.tableName, [metadata])
  }
  return new Map([...byName].map(([name, same]) => [name, new CollectionFiles(same)]))
}

function check({ column }: FileColumn): void {
  const { entityMetadata, propertyPath, propertyName, databaseName } = column
  const name = `${entityMetadata.name}.${propertyPath}`
  if (databaseName !== propertyName) {
    const text = `on MongoDB, TypeORM writes a property under its own name, but reads "${databaseName}"`
    throw new FiledepotError('NOT_SUPPORTED', `${name}: ${text}. Remove the name of the file column`)
  }
  for (let embedded = column.embeddedMetadata; embedded; embedded = embedded.parentEmbeddedMetadata) {
    if (!embedded.isArray) continue
    const text = 'a file column cannot be in an array of embedded documents'
    throw new FiledepotError('NOT_SUPPORTED', `${name}: ${text}. Use a file column with { array: true }`)
  }
}
