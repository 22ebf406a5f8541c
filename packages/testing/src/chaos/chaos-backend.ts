import { Readable } from 'node:stream'
import type { ByteRange, SignedUrlOptions, StorageBackend } from '@filedepot/core'
import type {
  DeleteReport,
  FileBody,
  FileInfo,
  FileStat,
  LeftoverOptions,
  SignedUpload,
  SignedUploadOptions,
  WriteOptions,
} from '@filedepot/core/backend'
import { ChaosCall } from './chaos-call.ts'
import { ChaosError } from './chaos-error.ts'
import { ChaosRule, type ChaosMethod, type ChaosTrigger, type Fault } from './chaos-rule.ts'
import { newSeed, randomNumbers } from './random.ts'
import { tornBytes, tornIds } from './torn.ts'

/** Options of {@link ChaosBackend}. */
export interface ChaosOptions {
  /** Of the random numbers behind {@link ChaosTrigger.probability}. @default a new one for each backend */
  seed?: number
}

/** Options of {@link ChaosBackend.fail}. */
export interface FailOptions extends ChaosTrigger {
  /** What is thrown, or what makes it. @default a {@link ChaosError} */
  error?: Error | (() => unknown)
  /**
   * `after`: the work is done, and only its answer is lost, as where a connection breaks in the last moment.
   * @default 'before'
   */
  stage?: 'before' | 'after'
  /** Of `delete`: does not reject, but reports these ids as failed, and leaves them. The others are deleted. */
  ids?: (id: string) => boolean
}

/** Options of {@link ChaosBackend.tear}. */
export interface TearOptions extends ChaosTrigger {
  /** How many bytes pass before it breaks off; of `list`, how many ids. What is shorter passes whole. */
  after: number
  /** What is thrown, or what makes it. @default a {@link ChaosError} */
  error?: Error | (() => unknown)
}

/**
 * A storage that fails as you tell it, around one that does not: for tests of what your program does then.
 *
 * Rules are added by methods, which return the backend. Several may strike one call: delays come first, then hanging,
 * then failing; what remains is done by the inner backend. Each method counts its calls.
 *
 * ```ts
 * import { FileStorage, MemoryBackend } from '@filedepot/core'
 * import { ChaosBackend } from '@filedepot/testing'
 *
 * const chaos = new ChaosBackend(new MemoryBackend()).fail('write', { on: 2 }).delay('read', 50)
 * const files = new FileStorage('scratch', chaos)
 * await files.create(Buffer.from('stored'))
 * await files.create(Buffer.from('lost')).catch((error: unknown) => console.log(error)) // WRITE_FAILED
 * console.log(chaos.calls('write')) //=> 2
 * ```
 */
export class ChaosBackend implements StorageBackend {
  /** Give it to another {@link ChaosBackend} for the same failures again. */
  readonly seed: number

  // There only if the inner backend has them, as abilities are detected by their presence. `openFile`, `readBytes`
  // and `localPath` never are: they would lead past the faults of `read`.
  readonly publicUrl?: (id: string) => string | undefined
  readonly signedUrl?: (id: string, options: SignedUrlOptions) => Promise<string>
  readonly signedUpload?: (id: string, options: SignedUploadOptions) => Promise<SignedUpload>
  readonly copy?: (
    from: StorageBackend,
    id: string,
    options?: { signal?: AbortSignal | undefined },
  ) => Promise<boolean>
  readonly parseId?: (id: string) => string | undefined
  readonly readOwner?: () => Promise<string | undefined>
  readonly writeOwner?: (owner: string) => Promise<void>
  readonly sweepLeftovers?: (options: LeftoverOptions) => Promise<number>
  readonly close?: () => Promise<void>

  readonly #inner: StorageBackend
  readonly #random: () => number
  readonly #calls = new Map<ChaosMethod, number>()
  readonly #hanging = new Set<() => void>()
  #rules: ChaosRule[] = []

  constructor(inner: StorageBackend, { seed = newSeed() }: ChaosOptions = {}) {
    this.#inner = inner
    this.seed = seed
    this.#random = randomNumbers(seed)
    if (inner.publicUrl) this.publicUrl = (id) => inner.publicUrl?.(id)
    const signedUrl = inner.signedUrl?.bind(inner)
    if (signedUrl) {
      this.signedUrl = (id, options) =>
        this.#around('signedUrl', id, options.signal, () => signedUrl(id, options))
    }
    const signedUpload = inner.signedUpload?.bind(inner)
    if (signedUpload) {
      this.signedUpload = (id, options) =>
        this.#around('signedUpload', id, options.signal, () => signedUpload(id, options))
    }
    const copy = inner.copy?.bind(inner)
    if (copy) {
      this.copy = (from, id, options) => {
        const source = from instanceof ChaosBackend ? from.#inner : from
        return this.#around('copy', id, options?.signal, () => copy(source, id, options))
      }
    }
    // Never struck: a fault in them would hide those of the files.
    const readOwner = inner.readOwner?.bind(inner)
    if (readOwner) this.readOwner = readOwner
    const writeOwner = inner.writeOwner?.bind(inner)
    if (writeOwner) this.writeOwner = writeOwner
    const sweepLeftovers = inner.sweepLeftovers?.bind(inner)
    if (sweepLeftovers) this.sweepLeftovers = sweepLeftovers
    if (inner.parseId) this.parseId = (id) => inner.parseId?.(id)
    if (inner.close) this.close = async () => inner.close?.()
  }

  /**
   * Makes calls reject.
   *
   * ```ts
   * import { MemoryBackend } from '@filedepot/core'
   * import { ChaosBackend } from '@filedepot/testing'
   *
   * const chaos = new ChaosBackend(new MemoryBackend(), { seed: 7 })
   * chaos.fail('write', { probability: 0.1, error: Object.assign(new Error('disk full'), { code: 'ENOSPC' }) })
   * chaos.fail('delete', { ids: (id) => id.endsWith('0') })
   * chaos.fail('write', { on: 3, stage: 'after' })
   * ```
   */
  fail(method: ChaosMethod, { error, stage = 'before', ids, ...trigger }: FailOptions = {}): this {
    if (ids && method !== 'delete') throw new TypeError(`only a delete fails for some ids, not a ${method}`)
    const how = ids ? { failIds: ids } : { failStage: stage }
    return this.#add(method, { ...how, ...thrown(error) }, trigger)
  }

  /** Makes calls wait before anything happens. A signal that is aborted meanwhile ends the waiting. */
  delay(method: ChaosMethod, milliseconds: number, trigger: ChaosTrigger = {}): this {
    return this.#add(method, { delayMs: milliseconds }, trigger)
  }

  /**
   * Passes a part on and then fails: of the body that is written, of the bytes that are read, or of the list of ids.
   */
  tear(method: 'write' | 'read' | 'list', { after, error, ...trigger }: TearOptions): this {
    return this.#add(method, { tearAfter: after, ...thrown(error) }, trigger)
  }

  /** Makes calls hang: until their signal is aborted, which rejects, or until {@link ChaosBackend.restore}. */
  hang(method: ChaosMethod, trigger: ChaosTrigger = {}): this {
    return this.#add(method, { hangs: true }, trigger)
  }

  /** Removes all rules; what hangs goes on. The counts stay. */
  restore(): this {
    this.#rules = []
    for (const release of this.#hanging) release()
    return this
  }

  /** How often a method was called, failed calls included. */
  calls(method: ChaosMethod): number {
    return this.#calls.get(method) ?? 0
  }

  async write(id: string, body: FileBody, info: FileInfo, options: WriteOptions): Promise<void> {
    const call = this.#call('write', [id])
    await call.before(options.signal)
    const { tearAfter } = call
    const passed = tearAfter === undefined ? body : tornBytes(body, tearAfter, call.error)
    await this.#inner.write(id, passed, info, options)
    call.after()
  }

  async stat(id: string): Promise<FileStat | undefined> {
    const call = this.#call('stat', [id])
    await call.before()
    const stat = await this.#inner.stat(id)
    call.after()
    return stat
  }

  async read(
    id: string,
    range?: ByteRange,
    options?: { signal?: AbortSignal | undefined },
  ): Promise<Readable> {
    const call = this.#call('read', [id])
    await call.before(options?.signal)
    const stream = await this.#inner.read(id, range, options)
    try {
      call.after()
    } catch (error) {
      stream.destroy()
      throw error
    }
    if (call.tearAfter === undefined) return stream
    return Readable.from(tornBytes(stream, call.tearAfter, call.error), { objectMode: false })
  }

  async delete(ids: readonly string[]): Promise<DeleteReport> {
    const call = this.#call('delete', ids)
    await call.before()
    const fails = call.failIds
    const report = await this.#inner.delete(ids.filter((id) => !fails(id)))
    call.after()
    const failed = ids.filter(fails).map((id) => ({ id, error: call.error() }))
    return { failed: [...report.failed, ...failed] }
  }

  async *list(options?: { after?: string | undefined }): AsyncGenerator<string> {
    const call = this.#call('list', [])
    await call.before()
    const ids = this.#inner.list(options)
    yield* call.tearAfter === undefined ? ids : tornIds(ids, call.tearAfter, call.error)
    call.after()
  }

  async #around<T>(
    method: ChaosMethod,
    id: string,
    signal: AbortSignal | undefined,
    action: () => Promise<T>,
  ): Promise<T> {
    const call = this.#call(method, [id])
    await call.before(signal)
    const outcome = await action()
    call.after()
    return outcome
  }

  #add(method: ChaosMethod, fault: Fault, trigger: ChaosTrigger): this {
    this.#rules.push(new ChaosRule(method, fault, trigger, this.#random))
    return this
  }

  #call(method: ChaosMethod, ids: readonly string[]): ChaosCall {
    const count = this.calls(method) + 1
    this.#calls.set(method, count)
    // Every rule counts the call, also where another one has struck it already.
    const faults = this.#rules
      .filter((rule) => rule.method === method && rule.strikes(ids))
      .map(({ fault }) => fault)
    return new ChaosCall(faults, () => new ChaosError(method, count, this.seed), this.#hanging)
  }
}

function thrown(error: Error | (() => unknown) | undefined): Pick<Fault, 'error'> {
  if (error === undefined) return {}
  return { error: typeof error === 'function' ? error : () => error }
}
