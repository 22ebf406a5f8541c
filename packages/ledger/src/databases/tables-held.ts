import { FiledepotError } from '@filedepot/core'
import type { TriggerChanges } from './database.ts'

/** The tables cannot be had for as long as it takes to make triggers. */
export function tablesHeld(
  tables: readonly string[],
  { timeout }: Pick<TriggerChanges, 'timeout'>,
  cause: unknown,
): FiledepotError {
  return new FiledepotError(
    'LEDGER_BUSY',
    `The tables ${tables.join(', ')} could not be locked within ${timeout} ms to create triggers, because transactions that write to them stay open longer. Run install() at a time with few writes, or with a longer timeout`,
    { cause },
  )
}
