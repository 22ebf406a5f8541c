import type { FileStorage } from '@filedepot/core'
import { LRUCache } from 'lru-cache'
import type { Grant } from './access.ts'
import type { Disposition } from './content-headers.ts'

/** The path by which a client finds a file. */
export interface RedirectTarget {
  readonly url: string
  /** For how many seconds the client may believe that. */
  readonly maxAge: number
  /** True if the URL is good for everybody. */
  readonly shared: boolean
}

const REMEMBERED = 10_000

/**
 * The URLs of the storages themselves. Signing one takes a storage's SDK half a millisecond, so each is used for half
 * its life; who gets it then has the other half to follow it.
 */
export class Redirects {
  readonly #expiresIn: number
  readonly #signed = new LRUCache<string, { url: string; until: number }>({ max: REMEMBERED })

  /** @param expiresIn in seconds */
  constructor(expiresIn: number) {
    this.#expiresIn = expiresIn
  }

  /** Signed URLs read, and do nothing else: a HEAD is not for them. */
  isFor(storage: FileStorage, id: string, method: string): boolean {
    return (
      (method === 'GET' && storage.backend.signedUrl !== undefined) || storage.publicUrl(id) !== undefined
    )
  }

  /** A URL that was signed before. It takes no request, so nobody knows whether the file is still there. */
  remembered(storage: FileStorage, id: string, grant: Grant): RedirectTarget | undefined {
    const { remaining } = grant
    const found = this.#signed.get(keyOf(storage, id, grant))
    if (!found) return undefined
    const left = (found.until - Date.now()) / 1000
    if (left < this.#expiresIn / 2 || left > remaining) return undefined
    return { url: found.url, maxAge: Math.floor(left / 2), shared: false }
  }

  /** A URL of the storage, or `undefined` where it has none that shows the file as it is to be shown. */
  async make(
    storage: FileStorage,
    id: string,
    grant: Grant,
    { disposition, contentType }: { disposition: Disposition; contentType: string },
  ): Promise<RedirectTarget | undefined> {
    const { wish, filename, remaining } = grant
    const publicUrl = wish === undefined && filename === undefined ? storage.publicUrl(id) : undefined
    if (publicUrl !== undefined) return { url: publicUrl, maxAge: this.#expiresIn, shared: true }
    if (!storage.backend.signedUrl) return undefined

    // No longer than the signature that it stands for.
    const expiresIn = Math.max(1, Math.min(this.#expiresIn, remaining))
    const url = await storage.signedUrl(id, { expiresIn, disposition, filename, contentType })
    if (expiresIn === this.#expiresIn) {
      this.#signed.set(keyOf(storage, id, grant), { url, until: Date.now() + expiresIn * 1000 })
    }
    return { url, maxAge: Math.floor(expiresIn / 2), shared: false }
  }
}

function keyOf(storage: FileStorage, id: string, { wish, filename }: Grant): string {
  return JSON.stringify([storage.path(id), wish, filename])
}
