import { LRUCache } from 'lru-cache'
import type { CacheValidators } from './cache-validators.ts'

/** How many files are remembered, of some hundred bytes each. */
const REMEMBERED = 1000
/** For this long nobody looks again whether a file is there, in milliseconds. */
const GOOD_FOR_MS = 1000

/**
 * The files that were there a moment ago. Whoever has one already, and asks whether it has changed, is told so without a
 * look at the storage: that is most of what such an answer takes. Only for files that never change; one that was deleted
 * in that moment is with those who ask anyway.
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
