import { FiledepotError } from '@filedepot/core'
import type { LedgerSession } from './clients/ledger-client.ts'
import type { FoundTrigger, LedgerDatabase, Trigger } from './databases/database.ts'
import { versionIn, VERSION } from './databases/marker.ts'
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
  /** Triggers that something else than `install()` has made, and partitions that were attached: their rows may be uncounted. */
  readonly uncounted: readonly string[]
  /** Triggers of tables that are not among the columns of this ledger. */
  readonly others: readonly string[]
  /** False until the rows have been counted. */
  readonly isCounted: boolean
  /**
   * Settings of the database with which it may lose what it has committed, so that a row comes back whose file was deleted. Each says
   * what to do. The ledger works with them.
   */
  readonly warnings: readonly string[]
}

/** What the triggers say, without the settings. */
export type TriggerCheck = Omit<LedgerCheck, 'warnings'>

/** A check, with what an installation needs to know. */
export interface Comparison {
  readonly check: TriggerCheck
  /** The triggers that have to be made. */
  readonly create: readonly Trigger[]
  readonly others: readonly FoundTrigger[]
  /** True if a table has gone since the rows were counted, and so counts may be too high. */
  readonly hasShrunk: boolean
}

export async function compare(
  database: LedgerDatabase,
  session: LedgerSession,
  columns: readonly LedgerColumn[],
): Promise<Comparison> {
  const expected = await database.expectedTriggers(session, columns)
  const found = await database.foundTriggers(session)
  refuseNewer(found)
  const counted = (await database.hasTables(session)) ? await database.counted(session) : undefined
  const left = new Map(found.filter(({ partition }) => !partition).map((one) => [labelOf(one), one]))
  const missing: Trigger[] = []
  const outdated: Trigger[] = []
  const disabled = found.flatMap(toEnable)
  for (const trigger of expected) {
    const label = labelOf(trigger)
    const there = left.get(label)
    left.delete(label)
    if (!there) missing.push(trigger)
    else if (there.marker !== trigger.marker) outdated.push(trigger)
    else if (!there.isEnabled) disabled.push(trigger)
  }
  const known = new Set(counted)
  const uncounted = counted ? found.filter((one) => !one.partition?.isBorn && !known.has(keyOf(one))) : []
  const keys = new Set(found.map(keyOf))
  const others = [...left.values()]
  const create = [...missing, ...outdated, ...disabled]
  const isCounted = counted !== undefined && uncounted.length === 0
  return {
    create,
    others,
    hasShrunk: [...known].some((key) => !keys.has(key) && !key.startsWith(PARTITION)),
    check: {
      isReady: create.length === 0 && isCounted,
      missing: missing.map(labelOf),
      outdated: outdated.map(labelOf),
      disabled: disabled.map(labelOf),
      uncounted: uncounted.map(labelOf),
      others: others.map(labelOf),
      isCounted,
    },
  }
}

/** A partition that is detached keeps its rows, so that they are not to be taken from the counts by themselves. */
const PARTITION = 'partition '

/** Tells a trigger from the one that is made in its place. */
export function keyOf(trigger: FoundTrigger): string {
  return `${trigger.partition ? PARTITION : ''}${labelOf(trigger)} ${trigger.id}`
}

/** The trigger of a partition is made with that of its table, and only to be switched on. */
function toEnable({ name, table, on, isEnabled, partition }: FoundTrigger): Trigger[] {
  return partition && !isEnabled ? [{ name, table, on, marker: '', create: partition.enable }] : []
}

/** @throws FiledepotError `LEDGER_NEWER` */
function refuseNewer(found: readonly FoundTrigger[]): void {
  const newer = found.find(({ marker }) => versionIn(marker) > VERSION)
  if (!newer) return
  throw new FiledepotError(
    'LEDGER_NEWER',
    `The trigger "${newer.name}" of the table ${newer.table} is from a newer version of filedepot: expected version ${VERSION} of the ledger or an older one, got ${versionIn(newer.marker)}. Update @filedepot/ledger in this program`,
  )
}

/** Nothing may be deleted by counts that cannot be trusted. */
export function notReady(check: TriggerCheck): FiledepotError {
  const remedy = 'Run install(), which counts the rows anew'
  return ledgerIncomplete(
    check,
    'the ledger of this database cannot be trusted, so nothing is deleted',
    remedy,
  )
}

/**
 * The error of a ledger that is not installed, or not all of it: `LEDGER_INCOMPLETE`. For integrations, which know what to do.
 *
 * @param failed what cannot be done
 * @param remedy what to do about it
 */
export function ledgerIncomplete(
  { missing, outdated, disabled, uncounted, isCounted }: TriggerCheck,
  failed: string,
  remedy: string,
): FiledepotError {
  const faults = [
    ...named('missing', missing),
    ...named('outdated', outdated),
    ...named('disabled', disabled),
    ...named('created after the rows were counted', uncounted),
    ...(isCounted || uncounted.length > 0 ? [] : ['the rows have not been counted']),
  ]
  return new FiledepotError('LEDGER_INCOMPLETE', `${failed}: ${faults.join('; ')}. ${remedy}`)
}

/** The files of such a value are not known: it may have taken the place of one that could be read. */
export function hasUnreadable(count: number): FiledepotError {
  return new FiledepotError(
    'LEDGER_INCOMPLETE',
    `The database cannot read ${count} values in the columns of the ledger as JSON, so the ledger does not know their files and deletes nothing. Correct these rows`,
  )
}

export function namedByAlias(alias: string, storage: string): FiledepotError {
  return new FiledepotError(
    'LEDGER_INCOMPLETE',
    `Rows name the storage "${storage}" by its alias "${alias}", so the ledger cannot match their files and deletes nothing. Write the name of the storage into these rows`,
  )
}

/** Triggers that a message names. */
const MOST_NAMED = 8

function named(what: string, triggers: readonly string[]): string[] {
  if (triggers.length === 0) return []
  const more = triggers.length > MOST_NAMED ? `, and ${triggers.length - MOST_NAMED} more` : ''
  return [`${what}: ${triggers.slice(0, MOST_NAMED).join(', ')}${more}`]
}

function labelOf({ table, name }: { table: string; name: string }): string {
  return `${table}: ${name}`
}
