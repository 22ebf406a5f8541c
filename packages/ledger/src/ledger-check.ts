import { FiledepotError } from '@filedepot/core'
import type { LedgerSession } from './clients/ledger-client.ts'
import type { FoundTrigger, LedgerDatabase, Trigger } from './databases/database.ts'
import type { LedgerColumn } from './ledger-column.ts'

/** What {@link Ledger.check} says. Triggers are named with their table. */
export interface LedgerCheck {
  /** True if the counts of the ledger can be trusted: all triggers are there, and the rows have been counted. */
  readonly isReady: boolean
  /** Triggers that are not there, such as after a migration that has made a table anew. */
  readonly missing: readonly string[]
  /** Triggers of another version of filedepot, or of the table before it was changed. */
  readonly outdated: readonly string[]
  readonly disabled: readonly string[]
  /** Triggers of tables that are not among the columns of this ledger. */
  readonly others: readonly string[]
  /** False until the rows have been counted. */
  readonly isCounted: boolean
}

/** A check, with what an installation needs to know. */
export interface Comparison {
  readonly check: LedgerCheck
  /** The triggers that have to be made. */
  readonly create: readonly Trigger[]
  readonly others: readonly FoundTrigger[]
}

export async function compare(
  database: LedgerDatabase,
  session: LedgerSession,
  columns: readonly LedgerColumn[],
): Promise<Comparison> {
  const expected = await database.expectedTriggers(session, columns)
  const isCounted = (await database.hasTables(session)) && (await database.isReady(session))
  const found = new Map((await database.foundTriggers(session)).map((trigger) => [labelOf(trigger), trigger]))
  const missing: Trigger[] = []
  const outdated: Trigger[] = []
  const disabled: Trigger[] = []
  for (const trigger of expected) {
    const label = labelOf(trigger)
    const there = found.get(label)
    found.delete(label)
    if (!there) missing.push(trigger)
    else if (there.marker !== trigger.marker) outdated.push(trigger)
    else if (!there.isEnabled) disabled.push(trigger)
  }
  const others = [...found.values()]
  const create = [...missing, ...outdated, ...disabled]
  return {
    create,
    others,
    check: {
      isReady: create.length === 0 && isCounted,
      missing: missing.map(labelOf),
      outdated: outdated.map(labelOf),
      disabled: disabled.map(labelOf),
      others: others.map(labelOf),
      isCounted,
    },
  }
}

/** Nothing may be deleted by counts that cannot be trusted. */
export function notReady({ missing, outdated, disabled, isCounted }: LedgerCheck): FiledepotError {
  const faults = [
    ...named('missing', missing),
    ...named('outdated', outdated),
    ...named('disabled', disabled),
    ...(isCounted ? [] : ['the rows have not been counted']),
  ]
  return new FiledepotError(
    'LEDGER_INCOMPLETE',
    `the ledger of this database cannot be trusted, so nothing is deleted: ${faults.join('; ')}. Run install(), which counts the rows anew`,
  )
}

/** The files of such a value are not known: it may have taken the place of one that could be read. */
export function hasUnreadable(count: number): FiledepotError {
  return new FiledepotError(
    'LEDGER_INCOMPLETE',
    `${count} values in the columns of the ledger are no JSON that the database can read, so their files are not known and nothing is deleted: correct these rows`,
  )
}

function named(what: string, triggers: readonly string[]): string[] {
  return triggers.length === 0 ? [] : [`${what}: ${triggers.join(', ')}`]
}

function labelOf({ table, name }: { table: string; name: string }): string {
  return `${table}: ${name}`
}
