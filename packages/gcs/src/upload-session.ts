import type { IncomingMessage } from 'node:http'
import { sizeOf, skip } from './body-reader.ts'
import type { Attempts } from './connections.ts'
import { discard, type GcsApi, type GcsRequest } from './gcs-api.ts'
import { GcsError, readText } from './gcs-error.ts'
import type { GcsObject } from './object-metadata.ts'
import { retrying } from './retrying.ts'

const INCOMPLETE = 308
const CANCELLED = 499
/** The maximum wait for the cancellation of a failed upload, in milliseconds. */
const CANCEL_MS = 2_000

/** What the service has of an upload: its object when it is whole, else how many bytes. */
type Progress = { readonly object: GcsObject } | { readonly received: number }

/** A resumable upload. The object comes to exist with the last part, at once; until then there is nothing to see. */
export class UploadSession {
  readonly #api: GcsApi
  readonly #url: string
  readonly #signal: AbortSignal | undefined

  private constructor(api: GcsApi, url: string, signal: AbortSignal | undefined) {
    this.#api = api
    this.#url = url
    this.#signal = signal
  }

  static async start(api: GcsApi, request: GcsRequest): Promise<UploadSession> {
    const url = await api.send({ ...request, settles: true }, async (answer) => {
      await discard(answer)
      return answer.headers.location
    })
    if (url === undefined) throw new GcsError(502, 'The service started an upload without a URL for it')
    return new UploadSession(api, url, request.signal)
  }

  /** Sends a part that is not the last one: a multiple of 256 KiB. */
  async put(part: readonly Uint8Array[], offset: number): Promise<void> {
    await this.#put(part, offset)
  }

  /** Sends the last part, with the checksum of the whole, which the service compares before the object exists. */
  async finish(
    part: readonly Uint8Array[],
    offset: number,
    md5: string | undefined,
    attempts: Attempts,
  ): Promise<GcsObject> {
    const object = await this.#put(part, offset, { total: offset + sizeOf(part), md5, attempts })
    if (!object) throw new GcsError(502, 'The service received the whole upload and did not finish it')
    return object
  }

  /**
   * Tells the service to forget the upload. It does so by itself after a week. Resolves with true if the service says that
   * there is no such upload any more.
   */
  async cancel(): Promise<boolean> {
    const signal = AbortSignal.timeout(CANCEL_MS)
    const request: GcsRequest = { method: 'DELETE', path: this.#url, signal, accept: [CANCELLED, 404, 410] }
    return await this.#api.sendOnce(request, discard).then(
      () => true,
      () => false,
    )
  }

  /** Sends a part and, if a connection breaks, what is missing of it, by what the service says that it has. */
  async #put(
    part: readonly Uint8Array[],
    offset: number,
    last?: { total: number; md5: string | undefined; attempts: Attempts },
  ): Promise<GcsObject | undefined> {
    const end = offset + sizeOf(part)
    let next = offset
    return await retrying(this.#api.storage.retryOptions, this.#signal, async (tries) => {
      if (tries > 0) {
        const progress = await this.#request(`bytes */${last?.total ?? '*'}`)
        if ('object' in progress) return progress.object
        next = progress.received
      }
      while (next < end || last) {
        if (next < offset || next > end) {
          throw new GcsError(410, `The service lost a part of the upload: ${next} is not ${offset}`)
        }
        const bytes = next < end ? `${next}-${end - 1}` : '*'
        const range = `bytes ${bytes}/${last?.total ?? '*'}`
        const hash = last?.md5 === undefined ? undefined : { 'x-goog-hash': `md5=${last.md5}` }
        const progress = await this.#request(range, skip(part, next - offset), hash, last?.attempts)
        if ('object' in progress) return progress.object
        // Without this, a service that takes nothing would be asked for ever.
        if (progress.received <= next) throw new GcsError(503, 'The service accepted no byte of the upload')
        next = progress.received
      }
      return undefined
    })
  }

  async #request(
    range: string,
    body: readonly Uint8Array[] = [],
    headers: Record<string, string> = {},
    attempts?: Attempts,
  ): Promise<Progress> {
    return await this.#api.sendOnce(
      {
        method: 'PUT',
        path: this.#url,
        headers: { 'content-range': range, ...headers },
        body,
        signal: this.#signal,
        settles: attempts !== undefined,
        attempts,
        accept: [INCOMPLETE],
      },
      progressOf,
    )
  }
}

async function progressOf(answer: IncomingMessage): Promise<Progress> {
  const text = await readText(answer)
  if (answer.statusCode !== INCOMPLETE) return { object: JSON.parse(text) as GcsObject }
  const last = /-(\d+)$/.exec(answer.headers.range ?? '')?.[1]
  return { received: last === undefined ? 0 : Number(last) + 1 }
}
