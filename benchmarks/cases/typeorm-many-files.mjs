import { putAllByHand, unlinkAllByHand } from '../by-hand.mjs'
import { comparePeople } from '../compare-people.mjs'
import { photo } from '../people.mjs'
import { compared } from '../report.mjs'

/** Many rows with a file of 1 KiB each in one save, against files written by hand, 16 at a time, and the same save. */
export async function typeormManyFiles({ quick, scratch }) {
  const count = quick ? 100 : 1000
  const rounds = quick ? 4 : 40
  const names = Array.from({ length: count }, (_, index) => `Ada ${index}`)
  return [
    compared(
      `typeorm save of ${count} files at once`,
      await comparePeople({
        scratch,
        rounds,
        byHand: (people) => saving(people, () => saveByHand(people, names)),
        byDepot: (people) => saving(people, () => saveToDepot(people, names)),
      }),
      { operations: count, goal: { atMost: 1.5 } },
    ),
    compared(
      `typeorm replace of ${count} files at once`,
      await comparePeople({
        scratch,
        rounds,
        byHand: (people) => replacing(people, () => saveByHand(people, names), replaceByHand),
        byDepot: (people) => replacing(people, () => saveToDepot(people, names), replaceInDepot),
      }),
      { operations: count },
    ),
  ]
}

function saving({ clear }, save) {
  return {
    batch: async () => {
      await save()
    },
    after: clear,
  }
}

/** The rows are saved before the clock starts. */
function replacing(people, save, replace) {
  let saved = []
  return {
    before: async () => {
      saved = await save()
    },
    batch: () => replace(people, saved),
    after: people.clear,
  }
}

function saveToDepot({ repository, make }, names) {
  return repository.save(names.map((name) => make(name, photo())))
}

async function saveByHand({ folder, repository, make }, names) {
  const texts = await putAllByHand(folder, names.length)
  return await repository.save(names.map((name, index) => make(name, texts[index])))
}

async function replaceInDepot({ repository }, saved) {
  for (const person of saved) person.photo = photo()
  await repository.save(saved)
}

async function replaceByHand({ folder, repository }, saved) {
  const before = saved.map(({ photo }) => photo)
  const texts = await putAllByHand(folder, saved.length)
  for (const [index, person] of saved.entries()) person.photo = texts[index]
  await repository.save(saved)
  await unlinkAllByHand(folder, before)
}
