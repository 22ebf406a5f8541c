import { createHash, randomUUID, type Hash } from 'node:crypto'
import type { FileBody, FileInfo } from '@filedepot/core/backend'
import { BodyReader, sizeOf } from './body-reader.ts'
import type { Attempts } from './connections.ts'
import type { GcsApi } from './gcs-api.ts'
import type { GcsSettings } from './gcs-backend-options.ts'
import { isUniformAccessRefusal } from './gcs-error.ts'
import { fieldsOf, SHA256, type GcsObject } from './object-metadata.ts'
import { marked, newAttempts, newMark, resolveWrite } from './resolve-write.ts'
import { UploadSession } from './upload-session.ts'

/** Makes objects: of few bytes in one request, of more by a resumable upload, and by copying. */
export class ObjectWriter {
  readonly #api: GcsApi
  readonly #settings: GcsSettings
  #acl: string | undefined

  constructor(api: GcsApi, settings: GcsSettings) {
    this.#api = api
    this.#settings = settings
    this.#acl = settings.acl
  }

  async write(name: string, body: FileBody, info: FileInfo, signal: AbortSignal | undefined): Promise<void> {
    const { resumableAbove } = this.#settings
    const reader = new BodyReader(body, signal)
    try {
      if (await reader.hasMoreThan(resumableAbove)) await this.#writeInParts(name, reader, info, signal)
      else await this.#writeAtOnce(name, reader.take(resumableAbove), info, signal)
    } finally {
      reader.release()
    }
  }

  /** Copies one generation of an object within the service. */
  async copy(
    source: { path: string; generation: string },
    name: string,
    info: FileInfo,
    signal: AbortSignal | undefined,
  ): Promise<void> {
    const bucket = encodeURIComponent(this.#settings.bucket)
    const path = `${source.path}/rewriteTo/b/${bucket}/o/${encodeURIComponent(name)}`
    const mark = newMark()
    const attempts = newAttempts()
    const body = marked(fieldsOf(info, this.#settings), mark)
    try {
      await this.#withAcl(async (destinationPredefinedAcl) => {
        let rewriteToken: string | undefined
        // Large files that change their place are copied in steps.
        do {
          const params = { sourceGeneration: source.generation, destinationPredefinedAcl, rewriteToken }
          const step = await this.#api.json<{ done: boolean; rewriteToken?: string }>({
            method: 'POST',
            path,
            params,
            body,
            signal,
            settles: true,
            attempts,
          })
          rewriteToken = step.done ? undefined : step.rewriteToken
        } while (rewriteToken !== undefined)
      })
    } catch (error) {
      await this.#resolve(name, mark, attempts, error)
    }
  }

  /** What is said of the object and its bytes, as the two parts of one body. */
  async #writeAtOnce(
    name: string,
    bytes: readonly Uint8Array[],
    info: FileInfo,
    signal: AbortSignal | undefined,
  ): Promise<void> {
    const boundary = randomUUID()
    const hash = startMd5()
    for (const piece of bytes) hash?.update(piece)
    const md5Hash = hash?.digest('base64')
    const mark = newMark()
    const attempts = newAttempts()
    const fields = {
      ...marked(fieldsOf(info, this.#settings), mark),
      ...(md5Hash !== undefined && { md5Hash }),
    }
    const head =
      `--${boundary}\r\ncontent-type: application/json; charset=UTF-8\r\n\r\n${JSON.stringify(fields)}\r\n` +
      `--${boundary}\r\ncontent-type: application/octet-stream\r\n\r\n`
    const body = [Buffer.from(head), ...bytes, Buffer.from(`\r\n--${boundary}--\r\n`)]
    try {
      await this.#withAcl((predefinedAcl) =>
        this.#api.json<GcsObject>({
          method: 'POST',
          path: this.#uploadPath(),
          params: { uploadType: 'multipart', name, predefinedAcl },
          headers: { 'content-type': `multipart/related; boundary=${boundary}` },
          body,
          signal,
          settles: true,
          attempts,
        }),
      )
    } catch (error) {
      await this.#resolve(name, mark, attempts, error)
    }
  }

  async #writeInParts(
    name: string,
    reader: BodyReader,
    info: FileInfo,
    signal: AbortSignal | undefined,
  ): Promise<void> {
    const { chunkSize } = this.#settings
    const hashBefore = info.sha256
    const mark = newMark()
    const attempts = newAttempts()
    const session = await this.#withAcl((predefinedAcl) =>
      UploadSession.start(this.#api, {
        method: 'POST',
        path: this.#uploadPath(),
        params: { uploadType: 'resumable', name, predefinedAcl },
        body: marked(fieldsOf(info, this.#settings), mark),
        signal,
      }),
    )
    try {
      const hash = startMd5()
      let offset = 0
      // The last part is sent as such, so it is to be known whether more comes before a part goes.
      while (await reader.hasMoreThan(chunkSize)) {
        const part = reader.take(chunkSize)
        for (const piece of part) hash?.update(piece)
        await session.put(part, offset)
        offset += sizeOf(part)
      }
      const part = reader.take(chunkSize)
      for (const piece of part) hash?.update(piece)
      signal?.throwIfAborted()
      const object = await session.finish(part, offset, hash?.digest('base64'), attempts)
      if (hashBefore === undefined && info.sha256 !== undefined) {
        await this.#addHash(name, object, info.sha256, signal)
      }
    } catch (error) {
      // What is still in progress finds no upload any more, and makes nothing.
      if (await session.cancel()) attempts.isUnanswered = false
      const object = await this.#resolve(name, mark, attempts, error)
      if (hashBefore === undefined && info.sha256 !== undefined) {
        await this.#addHash(name, object, info.sha256, undefined)
      }
    }
  }

  /**
   * Adds the hash of a stream, which is known only now, to this very object. The file is there and whole: if this
   * cannot be done, it is stored all the same, and its hash is not known to the storage.
   */
  async #addHash(
    name: string,
    { generation, metageneration }: GcsObject,
    sha256: string,
    signal: AbortSignal | undefined,
  ): Promise<void> {
    const path = this.#objectPath(name)
    const params = { ifGenerationMatch: generation, ifMetagenerationMatch: metageneration }
    const body = { metadata: { [SHA256]: sha256 } }
    await this.#api.json({ method: 'PATCH', path, params, body, signal }).catch(() => undefined)
  }

  /** Leaves the access list out from now on, if no option sets it and the bucket accepts none. */
  async #withAcl<T>(make: (acl: string | undefined) => Promise<T>): Promise<T> {
    try {
      return await make(this.#acl)
    } catch (error) {
      if (!this.#settings.aclIsDefault || !isUniformAccessRefusal(error)) throw error
      this.#acl = undefined
      return await make(undefined)
    }
  }

  /** @throws the error, or `WriteUncertainError`, unless the object is there */
  async #resolve(name: string, mark: string, attempts: Attempts, error: unknown): Promise<GcsObject> {
    return await resolveWrite({ api: this.#api, path: this.#objectPath(name), name, mark, attempts, error })
  }

  #objectPath(name: string): string {
    return `/storage/v1/b/${encodeURIComponent(this.#settings.bucket)}/o/${encodeURIComponent(name)}`
  }

  #uploadPath(): string {
    return `/upload/storage/v1/b/${encodeURIComponent(this.#settings.bucket)}/o`
  }
}

/** `undefined` where the platform forbids MD5 (FIPS); the service then has nothing to compare. */
function startMd5(): Hash | undefined {
  try {
    return createHash('md5')
  } catch {
    return undefined
  }
}
