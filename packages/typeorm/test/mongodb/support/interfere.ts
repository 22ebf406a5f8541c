import type { DataSource } from 'typeorm'

type Method = (...args: unknown[]) => unknown

interface Runner {
  getCollection(name: string): object
}

/** Lets others do something right before the next statement of this kind is sent: after it was prepared. */
export function before(
  { driver }: DataSource,
  method: 'findOneAndUpdate' | 'findOneAndReplace' | 'findOneAndDelete',
  action: () => Promise<unknown>,
): void {
  const { queryRunner } = driver as unknown as { queryRunner: Runner }
  const getCollection = queryRunner.getCollection.bind(queryRunner)
  let done = false
  queryRunner.getCollection = (name) => {
    const collection = getCollection(name) as Record<string, Method>
    const original = collection[method]?.bind(collection)
    collection[method] = async (...args) => {
      if (!done) {
        done = true
        await action()
      }
      return await original?.(...args)
    }
    return collection
  }
}
