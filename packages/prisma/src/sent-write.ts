import { isDeepStrictEqual } from 'node:util'
import { OVERTAKEN, type FileWrite } from './file-write.ts'
import type { Args, WritePlan } from './plan/write-plan.ts'
import type { LazyPromise, PrismaInternals, TransactionLink } from './prisma-internals.ts'
import type { Model } from './schema/data-model.ts'
import type { Operation } from './write-hook.ts'
import { pathsOf } from './stored-json.ts'
import { WithFields } from './with-fields.ts'

/** An operation as it is sent to Prisma, and its result as the caller gets it. */
export class SentWrite {
  /** `user.create()`. */
  readonly name: string
  readonly #args: Args
  readonly #query: (args: Args) => LazyPromise
  readonly #plan: WritePlan
  readonly #withFields: WithFields | undefined

  constructor(
    internals: PrismaInternals,
    model: Model,
    { operation, args, query }: Pick<Operation, 'operation' | 'args' | 'query'>,
    plan: WritePlan,
  ) {
    this.name = `${model.property}.${operation}()`
    this.#args = args
    this.#query = query
    this.#plan = plan
    if (!plan.upserted) return
    const ofRow = plan.slots.filter((slot) => slot.holder === args.create || slot.holder === args.update)
    this.#withFields = new WithFields(
      internals,
      model,
      args,
      ofRow.map(({ field }) => field.name),
    )
  }

  /** An upsert inserts or updates; which of both it did, its result says. */
  get canBeOvertaken(): boolean {
    return this.#plan.upserted !== undefined
  }

  send(): LazyPromise {
    return this.#query(this.#withFields?.args ?? this.#args)
  }

  async within(link: TransactionLink): Promise<unknown> {
    return await this.send().requestTransaction(link)
  }

  /** True where a row was updated of which nothing was known, as it came after we had looked. */
  wasOvertaken(result: unknown, files: FileWrite): boolean {
    const { upserted } = this.#plan
    if (!upserted || files.hasFound(upserted)) return false
    const values = this.#withFields?.valuesIn(result) ?? []
    if (values.some((value) => isDeepStrictEqual(value, OVERTAKEN))) return true
    const held = new Set(values.flatMap(pathsOf))
    const created = [...files.stored()].filter(({ slot }) => slot.holder === this.#args.create)
    return created.length > 0 && !created.some(({ stored }) => held.has(stored.path))
  }

  /** True for an error of Prisma about this operation, and not about another that an extension has called. */
  isNamedBy(error: unknown): boolean {
    return String((error as { message?: unknown } | null)?.message).includes(this.name)
  }

  /** What the caller asked for. */
  result(result: unknown): unknown {
    return this.#withFields?.strip(result) ?? result
  }
}
