import { putAllByHand, unlinkAllByHand } from '../by-hand.mjs'
import { comparePeople } from '../compare-people.mjs'
import { photo } from '../people.mjs'
import { compared } from '../report.mjs'

/** How many rows are deleted in a batch, by how many go at once. */
const ROWS = { 1: 25, 100: 200 }

/**
 * `delete(criteria)` of rows with a file of 1 KiB each, against a plain one and unlinking their files by hand: by a
 * program that happens to know the paths, and by one that has to read the rows for them first, as filedepot always does.
 */
export async function typeormCriteria({ quick, scratch }) {
  const rows = []
  for (const [atOnce, paths, goal] of [
    [1, 'known', { atMost: 1.15 }],
    [1, 'read first'],
    [100, 'known'],
    [100, 'read first'],
  ]) {
    const deletes = ROWS[atOnce] / atOnce
    const result = await comparePeople({
      scratch,
      rounds: quick ? 8 : 120,
      byHand: (people) =>
        contend(deletes, people, {
          save: (name) => saveByHand(people, name, atOnce),
          remove: paths === 'known' ? removeKnown : removeRead,
        }),
      byDepot: (people) =>
        contend(deletes, people, {
          save: (name) => saveToDepot(people, name, atOnce),
          remove: ({ repository }, saved) => repository.delete(criteriaOf(saved)),
        }),
    })
    const name = `typeorm delete(criteria) of ${atOnce}, paths ${paths}`
    rows.push(compared(name, result, { operations: deletes, goal }))
  }
  return rows
}

/** The rows are saved before the clock starts; those of one delete share a name. */
function contend(deletes, people, { save, remove }) {
  let saved = []
  return {
    before: async () => {
      saved = []
      for (let index = 0; index < deletes; index++) saved.push(await save(`Ada ${index}`))
    },
    batch: async () => {
      for (const rows of saved) await remove(people, rows)
    },
    after: people.clear,
  }
}

function saveToDepot({ repository, make }, name, count) {
  return repository.save(Array.from({ length: count }, () => make(name, photo())))
}

async function saveByHand({ folder, repository, make }, name, count) {
  const texts = await putAllByHand(folder, count)
  return await repository.save(texts.map((text) => make(name, text)))
}

async function removeKnown({ folder, repository }, saved) {
  await repository.delete(criteriaOf(saved))
  await unlinkAllByHand(folder, textsOf(saved))
}

async function removeRead({ folder, repository }, saved) {
  const where = criteriaOf(saved)
  const rows = await repository.find({ select: { photo: true }, where })
  await repository.delete(where)
  await unlinkAllByHand(folder, textsOf(rows))
}

/** Of one row its id, of several what they have in common. */
function criteriaOf([{ id, name }, ...others]) {
  return others.length === 0 ? { id } : { name }
}

function textsOf(rows) {
  return rows.map(({ photo }) => photo)
}
