import type {
  Args,
  LazyPromise,
  Operation,
  PrismaInternals,
  TransactionLink,
  Where,
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

  /** @param parts the rows of each part, if it is to be sent in several */
  async within(link: TransactionLink, parts: readonly Where[]): Promise<unknown> {
    if (parts.length === 0) return await this.send().requestTransaction(link)
    const results: unknown[] = []
    for (const where of parts) {
      const result = await this.#query({ ...this.#args, where }).requestTransaction(link)
      if (result === undefined) return result
      results.push(result)
    }
    return sumOf(results)
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

/** The result of a write of many rows that was sent in parts: all of their rows, or how many there are. */
function sumOf(results: readonly unknown[]): unknown {
  if (Array.isArray(results[0])) return results.flat()
  return { count: results.reduce<number>((sum, result) => sum + (result as { count: number }).count, 0) }
}
