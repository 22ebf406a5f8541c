import type { Args, TransactionLink } from '../../prisma-internals.ts'
import type { FileFields } from '../../fields/file-fields.ts'
import type { DataModel, Model } from '../../schema/data-model.ts'
import { WRITES } from '../../schema/write-operations.ts'
import type { ActiveWrites } from './active-writes.ts'

interface SentOperation {
  readonly operation: string
  readonly args: Args
  readonly query: (args: Args) => Promise<unknown>
  readonly __internalParams: { readonly transaction?: TransactionLink }
}

/** The operations that give files to rows. */
const GIVING = WRITES.filter((operation) => !operation.startsWith('delete'))

/**
 * An extension that stands behind one of the caller's, and sees what that one sends. If it sends the files of a write twice,
 * two rows would have them, and deleting one row would take the files of the other.
 */
export function sentOnce(schema: DataModel, fields: FileFields, onTheirWay: ActiveWrites): object {
  const sender = {}
  const run = async (model: Model, { operation, args, query, __internalParams: internal }: SentOperation) => {
    // In a batch, Prisma reports success for each operation, so it is unknown whether it may be sent again.
    if (!onTheirWay.isBegunByOne || internal.transaction?.kind === 'batch') return await query(args)
    return await onTheirWay.send(sender, { model, operation, args }, async () => await query(args))
  }
  const models = [...schema.models.values()].filter(({ isView }) => !isView)
  const query = models.map((model) => {
    const operation = (sent: SentOperation) => run(model, sent)
    return [model.property, Object.fromEntries(GIVING.map((name) => [name, operation]))] as const
  })
  return { name: 'filedepot: what is sent', query: fields.size > 0 ? Object.fromEntries(query) : {} }
}
