import { LRUCache } from 'lru-cache'
import type { CacheValidators } from './cache-validators.ts'

/** How many files are remembered, of some hundred bytes each. */
const REMEMBERED = 1000
/** How long a file counts as existing without another check, in milliseconds. */
const GOOD_FOR_MS = 1000

/**
 * The files that existed a moment ago. A client that has such a file and asks whether it has changed gets its answer without a
 * request to the storage. Only for files that never change: if one was deleted just now, the client has it anyway.
 */
export class SeenFiles {
  readonly #validators = new LRUCache<string, CacheValidators>({
    max: REMEMBERED,
    ttl: GOOD_FOR_MS,
    // How exactly the time is told; each look at the clock costs something.
    ttlResolution: 50,
  })

  /** @param path of the file, with its storage */
  cacheValidatorsOf(path: string): CacheValidators | undefined {
    return this.#validators.get(path)
  }

  add(path: string, validators: CacheValidators): void {
    this.#validators.set(path, validators)
  }
}
