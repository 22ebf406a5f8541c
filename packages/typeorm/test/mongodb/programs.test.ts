import 'reflect-metadata'
import { expect, describe, it } from '@jest/globals'
import fc from 'fast-check'
import { textFile } from '../support/contents.ts'
import { Page } from './entities/page.ts'
import { onMongodb, type MongoDatabase } from './support/mongo-database.ts'

const RUNS = Number(process.env.FILEDEPOT_TEST_PROGRAMS ?? (process.env.CI ? 100 : 40))
// As in the programs of SQL: CI is to judge a change, and not the luck of the draw.
const seed = Number(process.env.FILEDEPOT_TEST_SEED ?? (process.env.CI ? 2026 : Date.now() % 2 ** 31))

const on = onMongodb([Page], { fails: true })
const pages = () => on.database.dataSource.getMongoRepository(Page)

/** Few names, so that steps meet: also as duplicates of a unique index. */
const NAMES = ['a', 'b', 'c']

const STEPS = {
  insert: (name: string) =>
    pages().save(pages().create({ name, file: textFile(name), notes: [textFile(name)] })),
  insertMany: (name: string, other: string) =>
    pages().insertMany([name, other].map((each) => ({ name: each, file: textFile(each) }))),
  replace: (name: string) => changed(name, { file: textFile(name) }),
  rename: (name: string, other: string) => changed(name, { name: other, file: textFile(other) }),
  add: async (name: string) => {
    const page = await found(name)
    if (page) await pages().save(Object.assign(page, { notes: [...(page.notes ?? []), textFile(name)] }))
  },
  takeAway: (name: string) => changed(name, { file: null, notes: [] }),
  touch: (name: string) => changed(name, { views: 1 }),
  remove: async (name: string) => {
    const page = await found(name)
    if (page) await pages().remove(page)
  },
  several: (name: string, other: string) =>
    pages().save([name, other].map((each) => pages().create({ name: each, file: textFile(each) }))),
  updateOne: (name: string) => pages().updateOne({ name }, { $set: { file: textFile(name), views: 2 } }),
  upsert: (name: string) => pages().updateOne({ name }, { $set: { file: textFile(name) } }, { upsert: true }),
  clearFiles: () => pages().updateMany({}, { $set: { file: null } }),
  replaceOne: (name: string, other: string) =>
    pages().replaceOne({ name }, { name: other, file: textFile(other) }),
  findOneAndUpdate: (name: string) =>
    pages().findOneAndUpdate({ name }, { $set: { notes: [textFile(name)] } }),
  deleteMany: (name: string, other: string) => pages().deleteMany({ name: { $in: [name, other] } }),
} satisfies Record<string, (name: string, other: string) => Promise<unknown>>

function found(name: string): Promise<Page | null> {
  return pages().findOneBy({ name })
}

async function changed(name: string, values: object): Promise<void> {
  const page = await found(name)
  if (page) await pages().save(Object.assign(page, values))
}

const step = fc.record({
  kind: fc.constantFrom(...(Object.keys(STEPS) as (keyof typeof STEPS)[])),
  name: fc.constantFrom(...NAMES),
  other: fc.constantFrom(...NAMES),
})
/** What runs at the same time, and what fails meanwhile. */
const round = fc.record({
  steps: fc.array(step, { minLength: 1, maxLength: 4 }),
  failure: fc.option(
    fc.record({
      command: fc.constantFrom('insert', 'findAndModify', 'find'),
      how: fc.constantFrom(
        { loseReply: true },
        { closeConnection: true },
        { errorCode: 11600 },
        { errorCode: 112 },
      ),
      times: fc.constantFrom(1, 2),
      skip: fc.nat(2),
    }),
    { freq: 3 },
  ),
})

type Round = typeof round extends fc.Arbitrary<infer T> ? T : never

async function run(rounds: readonly Round[]): Promise<number> {
  let written = 0
  for (const { steps, failure } of rounds) {
    const { command = '', how = {}, times, skip } = failure ?? {}
    if (failure) on.server.fail({ failCommands: [command], ...how }, { times: times ?? 1, skip: skip ?? 0 })
    // What a write whose answer is lost took away from one beside it, nobody can say: see docs/typeorm.md.
    const beside = failure && !('errorCode' in failure.how) ? 1 : steps.length
    for (let start = 0; start < steps.length; start += beside) {
      const running = steps
        .slice(start, start + beside)
        .map(({ kind, name, other }) => STEPS[kind](name, other))
      const results = await Promise.allSettled(running)
      written += results.filter(({ status }) => status === 'fulfilled').length
    }
    on.server.restore()
  }
  return written
}

/** Files that could not be deleted are told, too. */
function tell({ depot, unsettled }: MongoDatabase): void {
  depot.on('deleteFailed', ({ path }) => unsettled.add(path))
}

async function clear(database: MongoDatabase): Promise<void> {
  database.chaos.restore()
  await pages().deleteMany({})
  await database.depot.deleteFiles(await database.pathsOfFiles())
  database.unsettled.clear()
}

describe('random programs of writes on MongoDB', () => {
  it(`keep documents and files together, whatever fails (seed ${seed}, ${RUNS} programs)`, async () => {
    let written = 0
    tell(on.database)
    const property = fc.asyncProperty(fc.array(round, { maxLength: 6 }), async (rounds) => {
      on.database.chaos.fail('write', { probability: 0.1 }).fail('delete', { probability: 0.1 })
      written += await run(rounds)
      on.database.chaos.restore()
      await on.database.expectFilesMatchDocumentsOrReports()
      await clear(on.database)
    })

    await fc.assert(property, { seed, numRuns: RUNS })

    expect(written).toBeGreaterThan(RUNS)
  }, 600_000)

  it(`leave nothing at all where only storages and unique indexes fail (seed ${seed})`, async () => {
    const calm = fc.array(fc.array(step, { minLength: 1, maxLength: 4 }), { maxLength: 8 })
    const property = fc.asyncProperty(calm, async (rounds) => {
      on.database.chaos.fail('write', { probability: 0.1 })
      await run(rounds.map((steps) => ({ steps, failure: null })))
      on.database.chaos.restore()
      expect([...on.database.unsettled]).toEqual([])
      await on.database.expectFilesMatchDocuments()
      await clear(on.database)
    })

    await fc.assert(property, { seed, numRuns: RUNS })
  }, 600_000)
})
