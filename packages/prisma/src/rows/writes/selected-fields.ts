import type { Args, PrismaInternals } from '../../prisma-internals.ts'
import type { Model } from '../../schema/data-model.ts'

/** Has the result of an operation hold some fields, whatever the caller selects, and hides them again. */
export class WithFields {
  readonly #names: readonly string[]
  /** Those that the caller has not asked for. */
  readonly #added: readonly string[]

  constructor(internals: PrismaInternals, { property }: Model, args: Args, names: readonly string[]) {
    this.#names = [...new Set(names)]
    const select = args.select as Record<string, unknown> | undefined | null
    const omit = (args.omit ?? {}) as Record<string, unknown>
    this.#added = this.#names.filter((name) =>
      select ? select[name] !== true : (omit[name] ?? internals.isOmitted(property, name)) === true,
    )
  }

  /** The arguments that ask for them. */
  into(args: Args): Args {
    if (this.#added.length === 0) return args
    const wanted = (value: boolean) => Object.fromEntries(this.#added.map((name) => [name, value]))
    if (args.select) return { ...args, select: { ...args.select, ...wanted(true) } }
    return { ...args, omit: { ...(args.omit as object | undefined), ...wanted(false) } }
  }

  /** What the fields hold. */
  valuesIn(result: unknown): unknown[] {
    return this.#names.map((name) => (result as Args | null)?.[name])
  }

  /** The result as the caller asked for it. */
  strip(result: unknown): unknown {
    for (const name of this.#added) Reflect.deleteProperty(result as object, name)
    return result
  }
}
