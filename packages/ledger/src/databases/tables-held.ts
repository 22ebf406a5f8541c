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
    `the tables ${tables.join(', ')} could not be locked to create triggers, although tried for ${timeout} ms: transactions that write to them stay open for longer. Run install() in a quiet hour, or with a longer timeout`,
    { cause },
  )
}
