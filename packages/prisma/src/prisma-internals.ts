import { FiledepotError } from '@filedepot/core'

/** The transaction of an operation, as Prisma hands it to query extensions. */
export interface TransactionLink {
  readonly kind: 'itx' | 'batch'
  /** A UUID for an interactive transaction, a number for a batch. */
  readonly id: string | number
}

/** The result of an operation or of raw SQL: it runs nothing before it is awaited. */
export interface LazyPromise<T = unknown> extends Promise<T> {
  /** Runs it within a transaction. */
  requestTransaction(link: TransactionLink): Promise<T>
  /** What was called; raw SQL has none. */
  readonly spec?: { readonly model?: string; readonly action: string; readonly args?: unknown }
}

type CallOperation = (args: object) => LazyPromise

/** A client of Prisma as this package uses it. */
export type InternalClient = Readonly<Record<string, Readonly<Record<string, CallOperation>> | undefined>>

/** A client of Prisma, or one that was extended. */
export interface ExtendableClient {
  readonly $extends: (this: unknown, extension: object) => object
  readonly $transaction: (this: unknown, input: unknown, options?: TransactionOptions) => Promise<unknown>
}

/** A `where` of Prisma. */
export type Where = Readonly<Record<string, unknown>>

/** An object of the arguments of an operation, which we may change: Prisma has cloned it for us. */
export type Args = Record<string, unknown>

/** What Prisma hands to a query extension. */
export interface Operation {
  readonly model: string
  readonly operation: string
  readonly args: Args
  readonly query: (args: Args) => LazyPromise
  readonly __internalParams: { readonly args?: unknown; readonly transaction?: TransactionLink }
}

export interface TransactionOptions {
  maxWait?: number
  timeout?: number
  isolationLevel?: string
}

/** What runs within an interactive transaction. */
export type TransactionCallback<T = unknown> = (transaction: object) => Promise<T>

interface PrivateClient {
  /** The client that was made by `new`, and, within it, itself as programs see it: with its models. */
  readonly _originalClient?: { readonly _appliedParent?: unknown }
  readonly _activeProvider?: unknown
  readonly _clientVersion?: unknown
  readonly _globalOmit?: Readonly<Record<string, Readonly<Record<string, boolean>>>>
  readonly _runtimeDataModel?: { readonly models?: unknown }
  readonly _engineConfig?: {
    readonly inlineSchema?: unknown
    readonly transactionOptions?: { readonly timeout?: number }
  }
  $transaction(
    input: TransactionCallback | readonly unknown[],
    options?: TransactionOptions,
  ): Promise<unknown>
  $executeRawUnsafe(statement: string, ...values: unknown[]): LazyPromise
  $queryRawUnsafe(statement: string, ...values: unknown[]): LazyPromise
}

/** A model as the generated client knows it when it runs. */
export interface RuntimeModel {
  readonly dbName: string | null
  readonly schema?: string | null
  readonly fields: readonly RuntimeField[]
}

interface RuntimeField {
  readonly name: string
  readonly kind: string
  readonly type: string
  readonly dbName?: string | null
  readonly relationName?: string
}

const SCOPE = Symbol.for('prisma.client.transaction.scope_context')

/**
 * What this package uses of Prisma that Prisma does not document, all in one place. It is checked when a client is
 * extended, and pinned by tests.
 */
export class PrismaInternals {
  /** The client without any extension: what it reads is what the database holds. */
  readonly original: InternalClient & PrivateClient
  readonly provider: string
  readonly models: Readonly<Record<string, RuntimeModel>>
  /** The text of `schema.prisma`: keys, lists and cascades are only there. */
  readonly schema: string

  /** @throws FiledepotError `NOT_SUPPORTED` where the client is not as expected */
  constructor(client: unknown) {
    const { _originalClient, _activeProvider, _runtimeDataModel, _engineConfig, _clientVersion } = (client ??
      {}) as PrivateClient
    const original = _originalClient?._appliedParent as (InternalClient & PrivateClient) | undefined
    const models = _runtimeDataModel?.models as Record<string, RuntimeModel> | undefined
    const schema = _engineConfig?.inlineSchema
    if (typeof _activeProvider !== 'string' || !models || typeof schema !== 'string' || !original) {
      throw new FiledepotError(
        'NOT_SUPPORTED',
        'Cannot extend the client: expected one that prisma-client or prisma-client-js of Prisma 7.5 or newer, below 8, ' +
          `generated, got one of version ${typeof _clientVersion === 'string' ? _clientVersion : 'unknown'}`,
      )
    }
    this.original = original
    this.provider = _activeProvider
    this.models = models
    this.schema = schema
  }

  /** How long an interactive transaction may take, in milliseconds. */
  get timeout(): number {
    return this.original._engineConfig?.transactionOptions?.timeout ?? 5000
  }

  /** True if the options of the client leave a field out of results. */
  isOmitted(property: string, field: string): boolean {
    return this.original._globalOmit?.[property]?.[field] === true
  }

  /** An operation of a model of the client without extensions. */
  operation(property: string, name: string, args: object): LazyPromise {
    const operation = this.original[property]?.[name]
    if (!operation)
      throw new FiledepotError(
        'NOT_SUPPORTED',
        `Expected the client to have the operation ${property}.${name}(). Generate it anew with Prisma 7.5 or newer, below 8`,
      )
    return operation(args)
  }
}

/** The clients that a client was extended from, and itself. */
export function* withParents(client: unknown): Iterable<object> {
  let current = client as { readonly _appliedParent?: unknown } | undefined
  while (typeof current === 'object') {
    yield current
    const parent = current._appliedParent as typeof current
    if (parent === current) return
    current = parent
  }
}

/**
 * The transaction that a client within one belongs to, or `undefined`. Its id is that of {@link TransactionLink}.
 *
 * @throws FiledepotError `NOT_SUPPORTED` for a client within a transaction that does not say which
 */
export function transactionIdOf(client: unknown): string | undefined {
  const scope = (client as Record<symbol, { kind?: unknown; txId?: unknown } | undefined>)[SCOPE]
  return typeof scope?.txId === 'string' ? scope.txId : undefined
}

/** The same, for the client that a callback of `$transaction` has been given. */
export function openedTransactionId(client: unknown): string {
  const id = transactionIdOf(client)
  if (id !== undefined) return id
  throw new FiledepotError(
    'NOT_SUPPORTED',
    'Cannot find the id of the transaction. Use Prisma 7.5 or newer, below 8',
  )
}

/** `Prisma.DbNull`, `Prisma.JsonNull` and `Prisma.AnyNull`. */
export function isPrismaNull(value: unknown): boolean {
  if (typeof value !== 'object' || value === null || Object.keys(value).length > 0) return false
  return typeof (value as { _getName?: unknown })._getName === 'function'
}

/** True for what Prisma leaves out of a write: `undefined`, and `Prisma.skip`. */
export function isLeftOut(value: unknown): boolean {
  if (value === undefined) return true
  if (typeof value !== 'object' || value === null || Object.keys(value).length > 0) return false
  return typeof (value as { ifUndefined?: unknown }).ifUndefined === 'function'
}

/** True for what can be a part of a batch. */
export function isLazyPromise(value: unknown): value is LazyPromise {
  return typeof (value as Partial<LazyPromise> | null | undefined)?.requestTransaction === 'function'
}
