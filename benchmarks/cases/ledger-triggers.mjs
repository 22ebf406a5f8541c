import { DATABASES } from '../databases.mjs'
import { VALUE } from '../by-hand.mjs'
import { compare } from '../harness.mjs'
import { peopleByHandOn } from '../ledger-people.mjs'
import { compared } from '../report.mjs'
import { randomUUID } from 'node:crypto'

const BATCH = 25
const OPERATIONS = ['save', 'replace', 'remove']
const GOALS = { postgres: { atMost: 1.25 }, sqlite: { atMost: 1.5 }, mariadb: { atMost: 1.6 } }

/** What the triggers alone cost: plain TypeORM on tables that have them, against tables that have none. No file is written. */
export async function ledgerTriggers({ quick, scratch }) {
  const rows = []
  for (const kind of DATABASES) {
    const [floor, control, subject] = [
      await peopleByHandOn(kind, scratch, { triggers: false }),
      await peopleByHandOn(kind, scratch, { triggers: false }),
      await peopleByHandOn(kind, scratch),
    ]
    for (const operation of OPERATIONS) {
      const result = await compare({
        floor: contend(operation, floor),
        control: contend(operation, control),
        subject: contend(operation, subject),
        rounds: quick ? 4 : 60,
      })
      const name = `triggers of a ledger on ${kind}, ${operation}`
      rows.push(compared(name, result, { operations: BATCH, goal: GOALS[kind] }))
    }
    for (const people of [floor, control, subject]) await people.close()
  }
  return rows
}

function contend(operation, { repository, make, clear }) {
  let people = []
  const saveAll = async () => {
    people = []
    for (let index = 0; index < BATCH; index++) people.push(await repository.save(make('Ada', text())))
  }
  const run = {
    replace: (person) => repository.save(Object.assign(person, { photo: text() })),
    remove: (person) => repository.remove(person),
  }[operation]
  return {
    before: operation === 'save' ? undefined : saveAll,
    batch:
      operation === 'save'
        ? saveAll
        : async () => {
            for (const person of people) await run(person)
          },
    after: clear,
  }
}

/** What a row holds. */
function text() {
  const id = randomUUID()
  return JSON.stringify({ ...VALUE, id, files: [`default/${id}`] })
}
