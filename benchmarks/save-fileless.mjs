import { Fileless } from './people.mjs'

/** A contender that saves rows without files. */
export function saveFileless(dataSource, count) {
  const repository = dataSource.getRepository(Fileless)
  return {
    async batch() {
      for (let index = 0; index < count; index++) {
        await repository.save(
          Object.assign(new Fileless(), { name: `Ada ${index}`, email: 'ada@example.com' }),
        )
      }
    },
    after: () => dataSource.query('DELETE FROM fileless'),
  }
}
