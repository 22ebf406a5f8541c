import { Collection } from './collection.ts'
import type { Doc } from './documents.ts'

/** Databases by name, and the collections in them. */
export class Catalog {
  readonly databases = new Map<string, Map<string, Collection>>()

  get(database: string, name: string): Collection | undefined {
    return this.databases.get(database)?.get(name)
  }

  /** As a write does, which makes what is not there. */
  getOrCreate(database: string, name: string, options?: Doc): Collection {
    const existing = this.get(database, name)
    if (existing) return existing
    const collection = new Collection(`${database}.${name}`, options)
    const collections = this.databases.get(database)
    if (collections) collections.set(name, collection)
    else this.databases.set(database, new Map([[name, collection]]))
    return collection
  }

  drop(database: string, name: string): void {
    this.databases.get(database)?.delete(name)
  }

  /** Gives a collection another name; one that has it already goes. */
  rename(collection: Collection, database: string, name: string): void {
    for (const collections of this.databases.values()) {
      for (const [old, held] of collections) if (held === collection) collections.delete(old)
    }
    this.drop(database, name)
    collection.namespace = `${database}.${name}`
    this.databases.set(database, new Map([...(this.databases.get(database) ?? []), [name, collection]]))
  }

  *collections(): Generator<Collection> {
    for (const collections of this.databases.values()) yield* collections.values()
  }
}
