import { peopleByHand } from '../by-hand.mjs'
import { comparePeople } from '../compare-people.mjs'
import { photo } from '../people.mjs'
import { compared } from '../report.mjs'

const BATCH = 25
const GOALS = { save: 1.1, replace: 1.2, remove: 1.15 }

/**
 * Rows with a file of 1 KiB, against the same by hand: write the file, then save the row. Both in one process, and
 * not against the sum of the two measured alone: a database that blocks the loop and a thread pool disturb each other.
 */
export async function typeormFiles({ quick, scratch }) {
  const rows = []
  for (const [operation, atMost] of Object.entries(GOALS)) {
    const result = await comparePeople({
      scratch,
      rounds: quick ? 20 : 150,
      byHand: (people) => contend(operation, people, peopleByHand(people)),
      byDepot: (people) => contend(operation, people, operationsOfDepot(people)),
    })
    rows.push(compared(`typeorm ${operation}, 1 KiB file`, result, { operations: BATCH, goal: { atMost } }))
  }
  return rows
}

/** A batch of one operation; the rows that it needs are saved before the clock starts. */
function contend(operation, { clear }, operations) {
  let saved = []
  const saveAll = async () => {
    saved = []
    for (let index = 0; index < BATCH; index++) saved.push(await operations.save(`Ada ${index}`))
  }
  const runAll = async () => {
    for (const person of saved) await operations[operation](person)
  }
  return {
    before: operation === 'save' ? undefined : saveAll,
    batch: operation === 'save' ? saveAll : runAll,
    after: clear,
  }
}

function operationsOfDepot({ repository, make }) {
  return {
    save: (name) => repository.save(make(name, photo())),
    async replace({ id }) {
      const person = await repository.findOneByOrFail({ id })
      person.photo = photo()
      await repository.save(person)
    },
    remove: (person) => repository.remove(person),
  }
}
