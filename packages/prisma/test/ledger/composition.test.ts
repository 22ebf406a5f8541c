import { pgClient } from '@filedepot/ledger'
import { filedepot } from '@filedepot/prisma'
import { PrismaPg } from '@prisma/adapter-pg'
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals'
import pg from 'pg'
import { isOn } from '../../../../test/databases/database-kind.ts'
import { serverDatabase } from '../../../../test/databases/server-database.ts'
import { textFile, textOf, textsIn } from '../../../../test/support/contents.ts'
import { FILE_MODELS } from '../support/file-models.ts'
import { Prisma, PrismaClient, type BaseClient } from '../support/generated-client.ts'
import { rolledBack } from '../support/rolled-back.ts'
import { TestDatabase, type TestClient } from '../support/test-database.ts'

let database: TestDatabase

beforeEach(async () => {
  database = await TestDatabase.open({ ledger: { drain: false } })
})

afterEach(() => database.endTest())

/** An extension of somebody else, which is given the client that it extends. */
interface Other {
  readonly extend: (client: BaseClient) => unknown
  /** True if it sends an operation by another connection than that of a transaction of the caller. */
  readonly leavesTransactions?: boolean
  /** True if rows stay. */
  readonly keepsRows?: boolean
}

type Query = (args: unknown) => PromiseLike<never>
type Send = (args: object) => PromiseLike<never>

const OTHERS: Readonly<Record<string, Other>> = {
  'row-level security in a batch': {
    leavesTransactions: true,
    extend: (client) =>
      client.$extends({
        query: {
          $allModels: {
            async $allOperations({ args, query }: { args: unknown; query: Query }) {
              const [, result] = await client.$transaction([
                client.$queryRawUnsafe('SELECT 1'),
                query(args) as never,
              ])
              return result
            },
          },
        },
      } as never),
  },
  'soft delete': {
    leavesTransactions: true,
    keepsRows: true,
    extend: (client) =>
      client.$extends({
        query: {
          document: {
            delete: async ({ args: { where } }) =>
              (await client.document.update({ where, data: { title: 'deleted' } })) as never,
            deleteMany: async ({ args: { where = {} } }) =>
              (await client.document.updateMany({ where, data: { title: 'deleted' } })) as never,
          },
        },
      }),
  },
  pagination: {
    extend: (client) =>
      client.$extends({
        model: {
          $allModels: {
            async page(this: object, size: number) {
              const model = Prisma.getExtensionContext(this) as unknown as { findMany: Send }
              return await model.findMany({ take: size, orderBy: { id: 'asc' } })
            },
          },
        },
      }),
  },
  'read replicas': {
    extend: (client) =>
      client.$extends({
        query: {
          $allModels: {
            async findMany({ model, args }: { model: string; args: object }) {
              // One that is as current as the primary.
              const replica = database.base as unknown as Record<string, { findMany: Send }>
              return await replica[model.toLowerCase()]!.findMany(args)
            },
          },
        },
      }),
  },
  'nested operations': {
    extend: (client) =>
      client.$extends({
        query: {
          $allModels: {
            async $allOperations({ args, query }: { args: object; query: Query }) {
              return await query(withoutUndefined(args))
            },
          },
        },
      } as never),
  },
  logging: {
    extend: (client) =>
      client.$extends({
        query: { $allOperations: async ({ args, query }) => (await query(args)) as never },
      }),
  },
}

/** Rebuilds the arguments, as extensions do that walk through nested writes. */
function withoutUndefined(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutUndefined)
  if (typeof value !== 'object' || value === null || Object.getPrototypeOf(value) !== Object.prototype)
    return value
  return Object.fromEntries(
    Object.entries(value).flatMap(([key, one]: [string, unknown]) =>
      one === undefined ? [] : [[key, withoutUndefined(one)]],
    ),
  )
}

function extended(name: string, order: string): TestClient {
  const { depot, base } = database
  const ours = filedepot({ depot, models: FILE_MODELS, ledger: { drain: false } })
  const extend = OTHERS[name]!.extend
  return order === 'after filedepot()'
    ? (extend(base.$extends(ours) as unknown as BaseClient) as TestClient)
    : (extend(base) as BaseClient).$extends(ours)
}

async function textsLeft(): Promise<string[]> {
  await database.recover()
  return (await textsIn(database.depot)).sort()
}

const cases = Object.keys(OTHERS).flatMap((name) =>
  ['after filedepot()', 'before filedepot()'].map((order) => [name, order] as const),
)

describe.each(cases)('%s, added %s', (name, order) => {
  const { leavesTransactions = false, keepsRows = false } = OTHERS[name]!

  it('creates, updates and deletes rows with their files', async () => {
    const client = extended(name, order)

    const { id } = await client.document.create({ data: { content: textFile('a') } })
    expect(await textsLeft()).toEqual(['a'])
    const updated = await client.document.update({
      where: { id },
      data: { content: textFile('b'), attachments: [textFile('c')] },
    })
    expect(await textOf(updated.content)).toBe('b')
    expect(await textsLeft()).toEqual(['b', 'c'])
    const [row] = await client.document.findMany()
    expect(await textOf(row?.content)).toBe('b')

    await client.document.update({ where: { id }, data: { content: row?.content ?? Prisma.DbNull } })
    expect(await textsLeft()).toEqual(['b', 'c'])
    await client.document.delete({ where: { id } })
    expect(await textsLeft()).toEqual(keepsRows ? ['b', 'c'] : [])
  })

  it('leaves nothing of writes that fail', async () => {
    const client = extended(name, order)
    const { id } = await client.document.create({ data: { content: textFile('a') } })

    const data = { id, content: textFile('b') }
    await expect(client.document.create({ data })).rejects.toMatchObject({ code: 'P2002' })
    await expect(
      client.document.update({ where: { id: -1 }, data: { content: textFile('c') } }),
    ).rejects.toMatchObject({ code: 'P2025' })

    expect(await textsLeft()).toEqual(['a'])
  })

  it('leaves everything as it was where the transaction is rolled back', async () => {
    const client = extended(name, order)
    const { id } = await client.document.create({ data: { content: textFile('a') } })

    if (!leavesTransactions || keepsRows) {
      await rolledBack(client, (tx) => tx.document.create({ data: { content: textFile('b') } }))
      await rolledBack(client, (tx) =>
        tx.document.update({ where: { id }, data: { content: textFile('c') } }),
      )
    }
    if (!leavesTransactions) await rolledBack(client, (tx) => tx.document.delete({ where: { id } }))

    expect(await textsLeft()).toEqual(['a'])
    expect(await textOf((await client.document.findMany())[0]?.content)).toBe('a')
  })
})

describe('a field that a later extension computes', () => {
  it('gets files, whatever is selected', async () => {
    const client = database.prisma.$extends({
      result: {
        document: { size: { needs: { content: true }, compute: ({ content }) => content?.size ?? 0 } },
      },
    })
    await client.document.create({ data: { content: textFile('four') } })

    expect((await client.document.findFirstOrThrow({ select: { size: true } })).size).toBe(4)
  })
})

describe('row-level security with policies', () => {
  // The others have none.
  if (!isOn('postgres')) return

  const role = `filedepot_app_${process.pid}`
  let admin: pg.Pool
  let application: BaseClient

  beforeEach(async () => {
    const { url } = await serverDatabase()
    admin = new pg.Pool({ connectionString: url })
    for (const statement of [
      `CREATE ROLE ${role} LOGIN`,
      `GRANT ALL ON ALL TABLES IN SCHEMA public TO ${role}`,
      `GRANT ALL ON ALL SEQUENCES IN SCHEMA public TO ${role}`,
      // It sees nothing of the ledger.
      `REVOKE ALL ON filedepot_files, filedepot_state FROM ${role}`,
      'ALTER TABLE "Document" ENABLE ROW LEVEL SECURITY',
      `CREATE POLICY tenant ON "Document" USING (title = current_setting('app.tenant', true))`,
    ])
      await admin.query(statement)
    const adapter = new PrismaPg({ connectionString: `${url}?options=-c%20role%3D${role}` })
    application = new PrismaClient({ adapter })
  })

  afterEach(async () => {
    await application.$disconnect()
    for (const statement of [
      'DROP POLICY tenant ON "Document"',
      'ALTER TABLE "Document" DISABLE ROW LEVEL SECURITY',
      `DROP OWNED BY ${role}`,
      `DROP ROLE ${role}`,
    ])
      await admin.query(statement)
    await admin.end()
  })

  /** As Prisma documents it: each operation in a batch that says first who asks. */
  function asTenant(client: BaseClient, tenant: string): BaseClient {
    return client.$extends({
      query: {
        $allModels: {
          async $allOperations({ args, query }: { args: unknown; query: Query }) {
            const set = client.$executeRaw`SELECT set_config('app.tenant', ${tenant}, TRUE)`
            const [, result] = await client.$transaction([set, query(args) as never])
            return result as never
          },
        },
      },
    } as never) as unknown as BaseClient
  }

  it.each(['after filedepot()', 'before filedepot()'])('works with one that was added %s', async (order) => {
    const ours = filedepot({
      depot: database.depot,
      models: FILE_MODELS,
      ledger: { drain: false, client: pgClient(admin) },
    })
    const client = (
      order === 'after filedepot()'
        ? asTenant(application.$extends(ours) as unknown as BaseClient, 'acme')
        : asTenant(application, 'acme').$extends(ours)
    ) as TestClient
    const { id } = await client.document.create({ data: { title: 'acme', content: textFile('a') } })

    // What fails is rolled back: a row of another tenant, and one that is there already.
    await expect(
      client.document.create({ data: { title: 'other', content: textFile('b') } }),
    ).rejects.toThrow('row-level security')
    await expect(
      client.document.update({ where: { id }, data: { title: 'other', content: textFile('c') } }),
    ).rejects.toThrow('row-level security')
    expect(await textsLeft()).toEqual(['a'])

    await client.document.update({ where: { id }, data: { content: textFile('d') } })
    expect(await textsLeft()).toEqual(['d'])
    const stranger = asTenant(application, 'other')
    expect(await stranger.document.deleteMany()).toEqual({ count: 0 })
    expect(await textsLeft()).toEqual(['d'])
    await client.document.delete({ where: { id } })
    expect(await textsLeft()).toEqual([])
  })
})
