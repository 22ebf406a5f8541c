import type {
  Args,
  LazyPromise,
  Operation,
  PrismaInternals,
  TransactionLink,
} from '../../prisma-internals.ts'
import type { WritePlan } from '../plan/write-plan.ts'
import type { Model } from '../../schema/data-model.ts'
import { pathsOf } from '../../fields/field-values.ts'
import { WithFields } from './selected-fields.ts'

/** An operation as it is sent to Prisma, and its result as the caller gets it. */
export class SentWrite {
  /** `user.create()`. */
  readonly name: string
  readonly #args: Args
  readonly #query: (args: Args) => LazyPromise
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
    if (!plan.row) return
    const names = [...plan.row.fields].map(({ name }) => name)
    this.#withFields = new WithFields(internals, model, args, names)
  }

  send(): LazyPromise {
    return this.#query(this.#withFields?.into(this.#args) ?? this.#args)
  }

  async within(link: TransactionLink): Promise<unknown> {
    return await this.send().requestTransaction(link)
  }

  /** The files that the row of an update or upsert holds afterwards. */
  pathsHeld(result: unknown): Set<string> {
    return new Set((this.#withFields?.valuesIn(result) ?? []).flatMap(pathsOf))
  }

  /** What the caller asked for. */
  result(result: unknown): unknown {
    return this.#withFields?.strip(result) ?? result
  }
}
