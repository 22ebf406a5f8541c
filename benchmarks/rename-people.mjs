/** A contender that gives rows, loaded before the clock starts, another name, and saves each. */
export async function renamePeople({ repository, make }, count, makePhoto) {
  await fillPeople({ repository, make }, count, makePhoto)
  let loaded = []
  let round = 0
  return {
    before: async () => {
      loaded = await repository.find()
      round++
    },
    batch: async () => {
      for (const person of loaded) {
        person.name = `Ada ${round}`
        await repository.save(person)
      }
    },
  }
}

export async function fillPeople({ repository, make }, count, makePhoto) {
  const rows = Array.from({ length: count }, async (_, index) => make(`Ada ${index}`, await makePhoto()))
  await repository.save(await Promise.all(rows))
}
