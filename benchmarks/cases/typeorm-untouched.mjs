import { fileURLToPath } from 'node:url'
import { putByHand } from '../by-hand.mjs'
import { comparePeople } from '../compare-people.mjs'
import { compareProcesses } from '../compare-processes.mjs'
import { photo } from '../people.mjs'
import { fillPeople, renamePeople } from '../rename-people.mjs'
import { compared } from '../report.mjs'

const CHILD = fileURLToPath(new URL('../children/rename-people.mjs', import.meta.url))
const SAVES = 25
const LOADS = 1000

/** What a file column costs where nobody touches the file, against a text column with the same in it. */
export async function typeormUntouched({ quick, scratch }) {
  const rounds = quick ? 20 : 1500
  const saves = await comparePeople({
    scratch,
    rounds,
    byHand: (people) => renamePeople(people, SAVES, () => putByHand(people.folder)),
    byDepot: (people) => renamePeople(people, SAVES, photo),
  })
  const given = (how) => [how, scratch.folder(), String(SAVES)]
  const alone = await compareProcesses(
    CHILD,
    { floor: given('hand'), control: given('hand'), subject: given('depot') },
    rounds,
  )
  const loads = await comparePeople({
    scratch,
    rounds: quick ? 5 : 60,
    byHand: (people) => loading(people, () => putByHand(people.folder), JSON.parse),
    byDepot: (people) => loading(people, photo, (file) => file),
  })
  const goal = { operations: SAVES, goal: { atMost: 1.07 } }
  return [
    compared('typeorm save of another column, one process', saves, goal),
    compared('typeorm save of another column, own processes', alone, goal),
    compared(`typeorm find of ${LOADS} rows`, loads, { operations: LOADS }),
  ]
}

/** Loads all rows, and whatever the program needs to know of their files. */
async function loading(people, makePhoto, parse) {
  await fillPeople(people, LOADS, makePhoto)
  return {
    batch: async () => {
      for (const { photo } of await people.repository.find()) parse(photo)
    },
  }
}
