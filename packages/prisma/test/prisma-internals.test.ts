import { afterEach, beforeEach, describe, expect, it } from '@jest/globals'
import {
  isLazyPromise,
  isPrismaNull,
  openedTransactionId,
  PrismaInternals,
  transactionIdOf,
  withParents,
} from '../src/prisma-internals.ts'
import { kind } from '../../../test/databases/database-kind.ts'
import { textFile } from '../../../test/support/contents.ts'
import { Prisma } from './support/generated-client.ts'
import { TestDatabase } from './support/test-database.ts'

let database: TestDatabase
let internals: PrismaInternals

beforeEach(async () => {
  database = await TestDatabase.open()
  internals = new PrismaInternals(database.prisma)
})

afterEach(() => database.endTest())

/** What is pinned here may change with any version of Prisma, without notice. */
describe('of Prisma we use, without its leave,', () => {
  it('what the client knows of itself', () => {
    const provider = { sqlite: 'sqlite', postgres: 'postgresql', mariadb: 'mysql' }[kind]

    expect(internals.provider).toBe(provider)
    expect(internals.models.Note?.fields.find(({ name }) => name === 'parent')).toMatchObject({
      kind: 'object',
      type: 'Note',
      relationName: 'parent',
    })
    expect(internals.schema).toMatch(/model Note \{/)
    expect(internals.timeout).toBe(5000)
  })

  it('the client without extensions, which gives what the database holds', async () => {
    await database.prisma.document.create({ data: { content: textFile('hello') } })

    const [row] = (await internals.operation('document', 'findMany', {})) as { content: object }[]

    expect(Object.getPrototypeOf(row?.content)).toBe(Object.prototype)
    expect(row?.content).toMatchObject({ storage: 'default' })
  })

  it('the transaction of an operation, which its client names as well', async () => {
    const heard: unknown[] = []
    const client = database.base.$extends({
      query: {
        receipt: {
          count({ args, query, ...rest }) {
            heard.push((rest as unknown as { __internalParams: { transaction?: unknown } }).__internalParams)
            return query(args)
          },
        },
      },
    })

    const id = await client.$transaction(async (transaction) => {
      await transaction.receipt.count()
      return openedTransactionId(transaction)
    })

    expect(heard).toMatchObject([{ transaction: { kind: 'itx', id } }])
    expect(transactionIdOf(client)).toBeUndefined()
  })

  it('operations that have not run, and what they say of themselves', async () => {
    const counting = database.base.receipt.count()

    expect(isLazyPromise(counting)).toBe(true)
    expect(counting).toMatchObject({ spec: { model: 'Receipt', action: 'count' } })
    expect(isLazyPromise(database.base.$queryRawUnsafe('SELECT 1'))).toBe(true)
    expect(isLazyPromise(Promise.resolve())).toBe(false)
    await counting
  })

  it('its nulls, and the clients that a client was extended from', () => {
    expect([Prisma.DbNull, Prisma.JsonNull, Prisma.AnyNull].every(isPrismaNull)).toBe(true)
    expect([null, {}, 'DbNull'].some(isPrismaNull)).toBe(false)
    expect([...withParents(database.prisma)]).toContain(database.prisma)
    expect([...withParents(database.prisma.$extends({ query: {} }))]).toContain(database.prisma)
  })
})

it.each([{}, undefined, { _activeProvider: 'sqlite', _clientVersion: '6.19.0' }])(
  'a client that is another (%j) is refused, with the versions that work',
  (client) => {
    const opening = () => new PrismaInternals(client)

    expect(opening).toThrow(expect.objectContaining({ code: 'NOT_SUPPORTED' }))
    expect(opening).toThrow(/7\.5 or newer, below 8/)
  },
)
