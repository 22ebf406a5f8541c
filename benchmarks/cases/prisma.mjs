import { usersByHand, VALUE } from '../by-hand.mjs'
import { compare, emptyFolder } from '../harness.mjs'
import { photo } from '../people.mjs'
import { openPrisma, openPrismaExtended, openPrismaShadowed, openPrismaWithDepot } from '../prisma-users.mjs'
import { compared } from '../report.mjs'

const BATCH = 25
const ROWS = 10_000
const GOALS = { create: { atMost: 1.15 }, update: undefined, delete: undefined }

/** Prisma with filedepot, against the same by hand; reads and models without files against extensions that do nothing. */
export async function prisma({ quick, scratch }) {
  const rows = []
  for (const [operation, goal] of Object.entries(GOALS)) {
    const [floor, control, subject] = [
      await byHand(operation, scratch.folder()),
      await byHand(operation, scratch.folder()),
      await byDepot(operation, scratch.folder()),
    ]
    const result = await compare({ floor, control, subject, rounds: quick ? 20 : 150 })
    rows.push(
      compared(`prisma ${operation}, 1 KiB file`, result, { operations: BATCH, ...(goal && { goal }) }),
    )
  }
  return [...rows, await reads(quick, scratch), await fileless(quick, scratch)]
}

/** 10,000 rows with a file that nobody looks at, against an extension that stands in the place of ours. */
async function reads(quick, scratch) {
  const [floor, control, subject] = [
    await loading(await openPrismaShadowed()),
    await loading(await openPrismaShadowed()),
    await loading(await openPrismaWithDepot(scratch.folder())),
  ]
  const result = await compare({ floor, control, subject, rounds: quick ? 5 : 40 })
  return compared(`prisma findMany of ${ROWS} rows, files untouched`, result, {
    operations: ROWS,
    goal: { atMost: 1.15 },
  })
}

/** A model without files, against a client with an extension that is empty: any extension costs some of every query. */
async function fileless(quick, scratch) {
  const clients = [
    await openPrismaExtended(),
    await openPrismaExtended(),
    await openPrismaWithDepot(scratch.folder()),
  ]
  const [floor, control, subject] = clients.map((client) => ({
    async batch() {
      for (let index = 0; index < BATCH; index++) await client.receipt.create({ data: { number: 'R 1' } })
    },
    after: () => client.receipt.deleteMany(),
  }))
  const result = await compare({ floor, control, subject, rounds: quick ? 25 : 250 })
  return compared('prisma create of a model without files', result, {
    operations: BATCH,
    goal: { atMost: 1.02 },
  })
}

async function loading(client) {
  const avatar = JSON.stringify(VALUE)
  for (let from = 0; from < ROWS; from += 1000) {
    const values = Array.from({ length: 1000 }, (_, index) => `('user ${from + index}', '${avatar}')`)
    await client.$executeRawUnsafe(`INSERT INTO User (name, avatar) VALUES ${values.join(',')}`)
  }
  return {
    async batch() {
      const users = await client.user.findMany()
      if (users.length !== ROWS) throw new Error(`Expected ${ROWS} users, got ${users.length}`)
    },
  }
}

async function byDepot(operation, folder) {
  const { user } = await openPrismaWithDepot(folder)
  return contend(operation, folder, user, {
    create: (name) => user.create({ data: { name, avatar: photo() } }),
    update: ({ id }) => user.update({ where: { id }, data: { avatar: photo() } }),
    delete: ({ id }) => user.delete({ where: { id } }),
  })
}

async function byHand(operation, folder) {
  const { user } = await openPrisma()
  return contend(operation, folder, user, usersByHand({ folder, user }))
}

/** A batch of one operation; the rows that it needs are made before the clock starts. */
function contend(operation, folder, user, operations) {
  let users = []
  const createAll = async () => {
    users = []
    for (let index = 0; index < BATCH; index++) users.push(await operations.create(`Ada ${index}`))
  }
  const runAll = async () => {
    for (const one of users) await operations[operation](one)
  }
  return {
    before: operation === 'create' ? undefined : createAll,
    batch: operation === 'create' ? createAll : runAll,
    async after() {
      await user.deleteMany()
      emptyFolder(folder)
    },
  }
}
