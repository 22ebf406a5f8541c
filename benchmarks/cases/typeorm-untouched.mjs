import { putByHand } from '../by-hand.mjs'
import { comparePeople } from '../compare-people.mjs'
import { photo } from '../people.mjs'
import { compared } from '../report.mjs'

const SAVES = 25
const LOADS = 1000

/** What a file column costs where nobody touches the file, against a text column with the same in it. */
export async function typeormUntouched({ quick, scratch }) {
  const saves = await comparePeople({
    scratch,
    rounds: quick ? 20 : 250,
    byHand: (people) => renaming(people, () => putByHand(people.folder)),
    byDepot: (people) => renaming(people, photo),
  })
  const loads = await comparePeople({
    scratch,
    rounds: quick ? 5 : 60,
    byHand: (people) => loading(people, () => putByHand(people.folder), JSON.parse),
    byDepot: (people) => loading(people, photo, (file) => file),
  })
  return [
    compared('typeorm save of another column', saves, { operations: SAVES, goal: { atMost: 1.07 } }),
    compared(`typeorm find of ${LOADS} rows`, loads, { operations: LOADS }),
  ]
}

/** Gives rows that were loaded before the clock starts another name, and saves each. */
async function renaming(people, makePhoto) {
  await fill(people, SAVES, makePhoto)
  let loaded = []
  let round = 0
  return {
    before: async () => {
      loaded = await people.repository.find()
      round++
    },
    batch: async () => {
      for (const person of loaded) {
        person.name = `Ada ${round}`
        await people.repository.save(person)
      }
    },
  }
}

/** Loads all rows, and whatever the program needs to know of their files. */
async function loading(people, makePhoto, parse) {
  await fill(people, LOADS, makePhoto)
  return {
    batch: async () => {
      for (const { photo } of await people.repository.find()) parse(photo)
    },
  }
}

async function fill({ repository, make }, count, makePhoto) {
  const rows = Array.from({ length: count }, async (_, index) => make(`Ada ${index}`, await makePhoto()))
  await repository.save(await Promise.all(rows))
}
