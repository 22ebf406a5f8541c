import type { PrismaInternals, TransactionLink, Where } from '../../prisma-internals.ts'
import { groupByValues, inParts } from '../../schema/rows-by-key.ts'
import { withOwnCode } from '../database-errors.ts'
import type { Model } from '../../schema/data-model.ts'

/** How many values one statement lists. MariaDB makes a subquery of 1,000 and more, which takes far longer. */
const VALUES_AT_A_TIME = 900

/** From how many rows on PostgreSQL gets them as one parameter: 20,000 of them take a fifth of the time. */
const ROWS_AS_JSON = 50

/** Which rows are locked, and what is read of them. */
export interface LockedRows {
  readonly model: Model
  /** The fields by which they are found, and their values. */
  readonly names: readonly string[]
  readonly rows: readonly (readonly unknown[])[]
  /** The fields that are read, and the names that they get. */
  readonly read: readonly { readonly name: string; readonly as: string }[]
  /** True for a write that keeps the keys, so that other rows may still refer to the rows. */
  readonly keepsKeys: boolean
}

/** Reads rows and locks them in one statement, if the database has locks. Prisma has no operation that does so. */
export class RowLocks {
  readonly #internals: PrismaInternals

  constructor(internals: PrismaInternals) {
    this.#internals = internals
  }

  /** False for SQLite, which has one writer. */
  get areThere(): boolean {
    return ['postgresql', 'postgres', 'cockroachdb', 'mysql'].includes(this.#internals.provider)
  }

  /** True if so many rows are found by their keys in one statement that Prisma would make many of. */
  areFoundAtOnce({ key }: Model, count: number): boolean {
    return this.#isPostgres && key.length > 1 && count >= ROWS_AS_JSON
  }

  /** The rows that are there, as they are now. */
  async lock(link: TransactionLink, wanted: LockedRows): Promise<Where[]> {
    const lock = this.#isPostgres && wanted.keepsKeys ? ' FOR NO KEY UPDATE' : ' FOR UPDATE'
    return await this.#run(link, wanted, this.#isPostgres ? `${lock} OF t` : lock)
  }

  /** The same rows without a lock. */
  async read(link: TransactionLink | undefined, wanted: Omit<LockedRows, 'keepsKeys'>): Promise<Where[]> {
    return await this.#run(link, wanted, '')
  }

  async #run(
    link: TransactionLink | undefined,
    wanted: Omit<LockedRows, 'keepsKeys'>,
    lock: string,
  ): Promise<Where[]> {
    const found: Where[] = []
    for (const { text, values } of this.#statements(wanted, lock)) {
      const query = this.#internals.original.$queryRawUnsafe(text, ...values)
      const rows = await (link ? query.requestTransaction(link) : query).catch((error: unknown) => {
        throw withOwnCode(error, `${wanted.model.property}.findMany`)
      })
      found.push(...(rows as Where[]))
    }
    return found
  }

  *#statements(
    wanted: Omit<LockedRows, 'keepsKeys'>,
    lock: string,
  ): Iterable<{ text: string; values: readonly unknown[] }> {
    const { model, names, rows } = wanted
    const column = (name: string) => this.#quote(model.fields.get(name)?.column ?? name)
    const selected = wanted.read.map(({ name, as }) => `t.${column(name)} AS ${as}`).join(', ')
    const table = [model.schema, model.table].filter((name) => name !== undefined)
    const from = table.map((name) => this.#quote(name)).join('.')
    if (this.#isPostgres && rows.length >= ROWS_AS_JSON) {
      const keys = rows.map((row) =>
        Object.fromEntries(row.map((value, index) => [columnOf(model, names[index]), value])),
      )
      const on = names.map((name) => `t.${column(name)} = k.${column(name)}`).join(' AND ')
      const text =
        // By the type of the table itself, each value of a key is of the type of its column.
        `SELECT ${selected} FROM jsonb_populate_recordset(NULL::${from}, $1::jsonb) AS k ` +
        `JOIN ${from} AS t ON ${on}${lock}`
      yield { text, values: [JSON.stringify(keys, jsonOf)] }
      return
    }
    const { listed, groups } = groupByValues(rows)
    for (const part of inParts(groups, VALUES_AT_A_TIME)) {
      const values: unknown[] = []
      const parameter = (value: unknown) => {
        values.push(value)
        return this.#internals.provider === 'mysql' ? '?' : `$${values.length}`
      }
      const conditions = part.map(({ same, list }) => {
        const equal = same.map((value, index) =>
          index === listed
            ? `t.${column(names[index] ?? '')} IN (${list.map(parameter).join(', ')})`
            : `t.${column(names[index] ?? '')} = ${parameter(value)}`,
        )
        return `(${equal.join(' AND ')})`
      })
      yield { text: `SELECT ${selected} FROM ${from} AS t WHERE ${conditions.join(' OR ')}${lock}`, values }
    }
  }

  get #isPostgres(): boolean {
    return this.#internals.provider.startsWith('postgres')
  }

  #quote(name: string): string {
    return this.#internals.provider === 'mysql'
      ? `\`${name.replaceAll('`', '``')}\``
      : `"${name.replaceAll('"', '""')}"`
  }
}

function columnOf(model: Model, name = ''): string {
  return model.fields.get(name)?.column ?? name
}

/** Values of keys as PostgreSQL reads them out of JSON. `JSON.stringify` has made text of a Date and of a Buffer an object. */
function jsonOf(this: unknown, name: string, value: unknown): unknown {
  const given = (this as Record<string, unknown>)[name]
  if (typeof given === 'bigint') return given.toString()
  return given instanceof Uint8Array ? `\\x${Buffer.from(given).toString('hex')}` : value
}
