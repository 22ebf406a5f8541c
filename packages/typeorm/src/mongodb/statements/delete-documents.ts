import { eachOf } from './each-of.ts'
import type { Doc } from '../../typeorm-internals.ts'
import type { Statement } from './statement.ts'

/** Deletes documents one by one, each together with its files. */
export async function deleteDocuments(
  statement: Statement,
  filter: Doc,
  { many }: { many: boolean },
): Promise<{ acknowledged: boolean; deletedCount: number }> {
  const { collection, files } = statement
  return await statement.alone(async (unit) => {
    let deletedCount = 0
    await eachOf(statement.find(filter, many ? {} : { limit: 1 }), async (doc) => {
      const claim = unit.claimWhole(files, doc)
      const filters = [...(many ? [{ _id: doc._id }] : []), filter]
      const result = await statement.modify(unit, { claim, id: doc._id }, filters, (one, options) =>
        collection.findOneAndDelete(one, options),
      )
      if (result) deletedCount++
    })
    return { acknowledged: true, deletedCount }
  })
}
