import { FiledepotError, type FileStorage } from '@filedepot/core'
import { randomUUID } from 'node:crypto'
import { hostname } from 'node:os'
import { hashOf } from './databases/marker.ts'
import { ofStorage, runStep, type LedgerContext } from './ledger-context.ts'

/** What the database remembers of a storage. */
interface StorageState {
  readonly storage: string
  /** What this database has lately written into the storage as its owner: a new text with each sweep. */
  readonly turns: readonly string[]
  /** True when one of them has been written: from then on, a storage without an owner is another one. */
  readonly isMarked?: boolean
  /** The id after which the next sweep looks. */
  readonly after?: string | undefined
  /** The id after which leftovers may be, if they could not be removed. */
  readonly leftovers?: string | undefined
}

/** What a ledger that was removed has left in the storage. */
const NOBODY = 'nobody'

type Context = Pick<LedgerContext, 'client' | 'database'>

/** Sweeps of several hosts may write their texts in another order than they have told the database. */
const REMEMBERED = 64
/** How often it is tried again when another process was faster. */
const ATTEMPTS = 20

/**
 * Makes sure that this database is the one that deletes in the storage, and marks the storage with a new text. An old copy of
 * the database does not know the text, and neither does a database that was restored from a backup: both are refused.
 *
 * @throws FiledepotError `LEDGER_NOT_OWNER`, `STORAGE_UNAVAILABLE`, `READ_FAILED`
 */
export async function claimStorage(
  context: LedgerContext,
  storage: FileStorage,
  { force = false }: { force?: boolean } = {},
): Promise<void> {
  const { name, backend } = storage
  if (!keepsOwner(backend)) return
  const turn = `${randomUUID()} ${new Date().toISOString()} ${hostname()}`
  await changeState(context, name, async (state) => {
    const found = await ownerOf(storage)
    if (!force) expectOwn(name, found, state)
    // What the storage has now stays known, even if the new text never gets there.
    const others = state.turns.filter((text) => text !== found)
    const kept = found !== undefined && others.length < state.turns.length ? [found] : []
    return { ...state, turns: [...others, ...kept, turn].slice(-REMEMBERED) }
  })
  await ofStorage(name, 'write the owner', async () => backend.writeOwner?.(turn))
  if ((await readState(context, name)).isMarked === true) return
  await changeState(context, name, (state) => Promise.resolve({ ...state, isMarked: true }))
}

/**
 * As {@link expectOwner}, and claims a storage without an owner if this database has not marked it yet, or has no row with a file
 * in it. Of two databases that do so at the same moment, the one whose mark was overwritten is refused.
 *
 * @throws FiledepotError `LEDGER_NOT_OWNER`, `STORAGE_UNAVAILABLE`, `READ_FAILED`
 */
export async function ensureOwner(context: LedgerContext, storage: FileStorage): Promise<void> {
  if (!keepsOwner(storage.backend)) return
  if ((await ownerOf(storage)) === undefined && (await isNew(context, storage)))
    await claimStorage(context, storage, { force: true })
  await expectOwner(context, storage)
}

async function isNew(context: LedgerContext, storage: FileStorage): Promise<boolean> {
  if ((await readState(context, storage.name)).isMarked !== true) return true
  const prefix = storage.path('')
  const used = await runStep(context, (session) => context.database.usedAfter(session, prefix))
  return used?.startsWith(prefix) !== true
}

/** Those of the storages that this database owns, as far as they can be asked. */
export async function ownStorages(
  context: Context,
  storages: readonly FileStorage[],
): Promise<FileStorage[]> {
  const own: FileStorage[] = []
  for (const storage of storages) {
    try {
      await expectOwner(context, storage)
      own.push(storage)
    } catch (error) {
      if (!(error instanceof FiledepotError)) throw error
    }
  }
  return own
}

/** Leaves a storage to whichever database comes next. */
export async function releaseStorage({ name, backend }: FileStorage): Promise<void> {
  if (keepsOwner(backend)) await ofStorage(name, 'write the owner', async () => backend.writeOwner?.(NOBODY))
}

/**
 * As {@link claimStorage}, and changes nothing.
 *
 * @throws FiledepotError `LEDGER_NOT_OWNER`, `STORAGE_UNAVAILABLE`, `READ_FAILED`
 */
export async function expectOwner(context: Context, storage: FileStorage): Promise<void> {
  const { name, backend } = storage
  if (!keepsOwner(backend)) return
  const found = await ownerOf(storage)
  // Read afterwards: another process of this ledger tells the database first.
  expectOwn(name, found, await readState(context, name))
}

/** The id after which a sweep has to look; `undefined` before the first one. */
export async function sweptUpTo(context: LedgerContext, { name }: FileStorage): Promise<string | undefined> {
  return (await readState(context, name)).after
}

/** The id after which leftovers may be that could not be removed. */
export async function leftoversSince(
  context: LedgerContext,
  { name }: FileStorage,
): Promise<string | undefined> {
  return (await readState(context, name)).leftovers
}

export async function setSweptUpTo(
  context: LedgerContext,
  { name }: FileStorage,
  swept: Pick<StorageState, 'after' | 'leftovers'>,
): Promise<void> {
  await changeState(context, name, (state) => Promise.resolve({ ...state, ...swept }))
}

/** A backend of one's own may know none, and is then believed to have one database only. */
function keepsOwner(backend: FileStorage['backend']): boolean {
  return typeof backend.readOwner === 'function' && typeof backend.writeOwner === 'function'
}

/** @throws FiledepotError `STORAGE_UNAVAILABLE`, `READ_FAILED` */
export async function ownerOf({
  name,
  backend,
}: Pick<FileStorage, 'name' | 'backend'>): Promise<string | undefined> {
  const owner = await ofStorage(name, 'read the owner', async () => backend.readOwner?.())
  return owner === NOBODY ? undefined : owner
}

function expectOwn(name: string, found: string | undefined, { turns, isMarked }: StorageState): void {
  if (found === undefined ? isMarked !== true : turns.includes(found)) return
  const way = `If this database is to delete there, call ledger.own(['${name}']).`
  throw new FiledepotError(
    'LEDGER_NOT_OWNER',
    found === undefined
      ? `The storage "${name}" has lost its owner: expected "${turns.at(-1) ?? ''}", got none. This database swept another storage: look for an unmounted folder, another bucket, or a bucket that was emptied. ${way}`
      : `The storage "${name}" belongs to another database, or to a copy of this one: its owner is "${found}", which this database did not write. ${way}`,
  )
}

async function readState(context: Context, storage: string): Promise<StorageState> {
  return parse(
    storage,
    await runStep(context, (session) => context.database.readState(session, stateName(storage))),
  )
}

/** @throws FiledepotError `LEDGER_BUSY` */
async function changeState(
  context: LedgerContext,
  storage: string,
  change: (state: StorageState) => Promise<StorageState>,
): Promise<void> {
  const name = stateName(storage)
  for (let attempt = 1; attempt <= ATTEMPTS; attempt++) {
    const before = await runStep(context, (session) => context.database.readState(session, name))
    const state = parse(storage, before)
    const after = JSON.stringify({ ...(await change(state)), change: randomUUID() })
    if (await runStep(context, (session) => context.database.replaceState(session, name, { before, after })))
      return
  }
  throw new FiledepotError(
    'LEDGER_BUSY',
    `Cannot mark the storage "${storage}" within ${ATTEMPTS} tries, because other processes sweep it at the same time. Try again later.`,
  )
}

/** Names of storages may be longer than the column, and differ in case only. */
function stateName(storage: string): string {
  return `storage:${hashOf(storage).slice(0, 40)}`
}

function parse(storage: string, text: string | undefined): StorageState {
  return text === undefined ? { storage, turns: [] } : (JSON.parse(text) as StorageState)
}
