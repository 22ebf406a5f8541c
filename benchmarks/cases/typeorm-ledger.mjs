import { setTimeout } from 'node:timers/promises'
import { peopleByHand, putAllByHand, unlinkAllByHand, unlinkByHand } from '../by-hand.mjs'
import { DATABASES } from '../databases.mjs'
import { compare } from '../harness.mjs'
import { peopleByHandOn, peopleOfLedger } from '../ledger-people.mjs'
import { Fileless, photo } from '../people.mjs'
import { compared } from '../report.mjs'

const BATCH = 25
const BULK = 100
/** A batch that discards files is followed by drains that run by themselves. They are not to run in the batch of another contender. */
const DRAINED_AFTER = 80

const GOALS = {
  save: 1.15,
  replace: undefined,
  remove: 1.15,
  'delete(criteria)': 1.15,
  'delete of 100 rows': 1.5,
  'save of another column': 1.03,
  'save without files': 1.03,
}

/**
 * TypeORM with a ledger, against the same by hand: the file by hand, on the same tables with the same triggers. A batch that
 * gives up files ends when they are deleted.
 */
export async function typeormLedger({ quick, scratch }) {
  const rows = []
  for (const kind of DATABASES.filter((one) => one !== 'mariadb')) {
    const [floor, control, subject] = [
      await peopleByHandOn(kind, scratch),
      await peopleByHandOn(kind, scratch),
      await peopleOfLedger(kind, scratch),
    ]
    for (const [operation, atMost] of Object.entries(GOALS)) {
      const result = await compare({
        floor: contend(operation, floor, byHand(floor)),
        control: contend(operation, control, byHand(control)),
        subject: contend(operation, subject, byLedger(subject)),
        rounds: roundsOf(operation, quick),
      })
      const name = `typeorm with a ledger on ${kind}, ${operation}`
      rows.push(compared(name, result, { operations: BATCH, goal: atMost && { atMost } }))
    }
    for (const people of [floor, control, subject]) await people.close()
  }
  return rows
}

function roundsOf(operation, quick) {
  if (quick) return 4
  return operation.startsWith('save ') ? 150 : 60
}

function byLedger({ make, repository, settle }) {
  return {
    save: (name) => repository.save(make(name, photo())),
    saveAll: (name, count) => repository.save(Array.from({ length: count }, () => make(name, photo()))),
    async replace({ id }) {
      const person = await repository.findOneByOrFail({ id })
      person.photo = photo()
      await repository.save(person)
    },
    remove: (person) => repository.remove(person),
    delete: ({ id }) => repository.delete({ id }),
    deleteAll: ([{ name }]) => repository.delete({ name }),
    settle,
    after: () => setTimeout(DRAINED_AFTER),
  }
}

function byHand(people) {
  const { folder, make, repository } = people
  return {
    ...peopleByHand(people),
    async saveAll(name, count) {
      const texts = await putAllByHand(folder, count)
      return await repository.save(texts.map((text) => make(name, text)))
    },
    async delete({ id, photo }) {
      await repository.delete({ id })
      await unlinkByHand(folder, photo)
    },
    async deleteAll(people) {
      await repository.delete({ name: people[0].name })
      await unlinkAllByHand(
        folder,
        people.map(({ photo }) => photo),
      )
    },
    settle: async () => undefined,
    after: async () => undefined,
  }
}

/** A contender of one operation; what it needs is made before the clock starts. */
function contend(operation, { fileless, repository, clear }, act) {
  let people = []
  let round = 0
  const each = (run) => async () => {
    for (const person of people) await run(person)
    await act.settle()
  }
  const saveAll = async () => {
    people = []
    for (let index = 0; index < BATCH; index++) people.push(await act.save(`Ada ${index}`))
  }
  const after = async () => {
    await act.after()
    await clear()
  }
  switch (operation) {
    case 'save':
      return { batch: saveAll, after: clear }
    case 'replace':
      return { before: saveAll, batch: each(act.replace), after }
    case 'remove':
      return { before: saveAll, batch: each(act.remove), after }
    case 'delete(criteria)':
      return { before: saveAll, batch: each(act.delete), after }
    case 'delete of 100 rows':
      return {
        before: async () => void (people = await act.saveAll(`Ada ${round++}`, BULK)),
        async batch() {
          await act.deleteAll(people)
          await act.settle()
        },
        after,
      }
    case 'save of another column':
      return {
        async before() {
          if (people.length === 0) await act.saveAll('Ada', BATCH)
          people = await repository.find()
          round++
        },
        async batch() {
          for (const person of people) await repository.save(Object.assign(person, { name: `Ada ${round}` }))
        },
      }
    case 'save without files':
      return {
        async batch() {
          for (let index = 0; index < BATCH; index++) {
            await fileless.save(Object.assign(new Fileless(), { name: 'Ada', email: 'ada@example.com' }))
          }
        },
        after: clear,
      }
  }
}
