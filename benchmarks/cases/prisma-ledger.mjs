import { setTimeout } from 'node:timers/promises'
import { usersByHand } from '../by-hand.mjs'
import { DATABASES } from '../databases.mjs'
import { compare } from '../harness.mjs'
import { openPrismaOn } from '../ledger-users.mjs'
import { photo } from '../people.mjs'
import { compared } from '../report.mjs'

const BATCH = 25
/** As with TypeORM: drains are not to run in the batch of another contender. */
const DRAINED_AFTER = 80
const GOALS = { create: undefined, update: 1.2, delete: 1.2, 'update of another column': 1.03 }

/** Prisma with a ledger, against the same by hand: the file by hand, on the same tables with the same triggers. */
export async function prismaLedger({ quick, scratch }) {
  const rows = []
  for (const kind of DATABASES.filter((one) => one !== 'mariadb')) {
    const opened = [
      await openPrismaOn(kind, scratch, { extended: false }),
      await openPrismaOn(kind, scratch, { extended: false }),
      await openPrismaOn(kind, scratch, { extended: true }),
    ]
    for (const [operation, atMost] of Object.entries(GOALS)) {
      const [floor, control, subject] = opened.map((one) => contend(operation, one))
      const result = await compare({ floor, control, subject, rounds: quick ? 4 : 60 })
      const name = `prisma with a ledger on ${kind}, ${operation}`
      rows.push(compared(name, result, { operations: BATCH, goal: atMost && { atMost } }))
    }
    for (const one of opened) await one.close()
  }
  return rows
}

function contend(operation, opened) {
  const { user, settle, isExtended } = opened
  const act = isExtended ? byLedger(opened) : usersByHand(opened)
  let users = []
  let round = 0
  const createAll = async () => {
    users = []
    for (let index = 0; index < BATCH; index++) users.push(await act.create(`Ada ${index}`))
  }
  const after = async () => {
    if (isExtended) await setTimeout(DRAINED_AFTER)
    await opened.clear()
  }
  if (operation === 'create') return { batch: createAll, after }
  if (operation === 'update of another column') {
    return {
      async before() {
        if (users.length === 0) await createAll()
        round++
      },
      async batch() {
        for (const { id } of users) await user.update({ where: { id }, data: { name: `Ada ${id} ${round}` } })
      },
    }
  }
  return {
    before: createAll,
    async batch() {
      for (const one of users) await act[operation](one)
      await settle()
    },
    after,
  }
}

function byLedger({ user }) {
  return {
    create: (name) => user.create({ data: { name, avatar: photo() } }),
    update: ({ id }) => user.update({ where: { id }, data: { avatar: photo() } }),
    delete: ({ id }) => user.delete({ where: { id } }),
  }
}
