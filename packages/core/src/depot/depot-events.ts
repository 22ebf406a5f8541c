import { channel } from 'node:diagnostics_channel'
import { EventEmitter } from 'node:events'
import type { StoredRecord } from '../storage/file-storage.ts'

/** What a depot tells those who watch it, by the name of the event. */
export interface DepotEventMap {
  /** A file has been stored for a value. */
  uploaded: [file: StoredRecord]
  /** A transaction was committed in which a row gave up these files; they are deleted next. */
  discarded: [event: { paths: readonly string[] }]
  /** Files are gone from their storages. */
  deleted: [event: { paths: readonly string[] }]
  /** A file could not be deleted. It belongs to no row, and stays until someone deletes it. */
  deleteFailed: [event: { path: string; error: unknown }]
  /**
   * Files that may be orphaned. Either the outcome of their transaction is unknown, so all of its files were kept. Or a storage
   * did not confirm a write. Or the depot was closed during these uploads; then the list may be empty, if they had not yet
   * written a file.
   */
  unsettled: [event: { paths: readonly string[]; reason: unknown }]
  /**
   * A ledger could not do its work in the background, such as deleting what no row refers to. No file is lost. The work is tried
   * again later.
   */
  ledgerFailed: [event: { error: unknown }]
}

const NAMES = ['uploaded', 'discarded', 'deleted', 'deleteFailed', 'unsettled', 'ledgerFailed'] as const

/** The channels of `node:diagnostics_channel`, named `filedepot:uploaded` and so on. */
const channels = Object.fromEntries(NAMES.map((name) => [name, channel(`filedepot:${name}`)])) as Record<
  keyof DepotEventMap,
  ReturnType<typeof channel>
>

/** Events for people to watch. What a listener throws is reported as a warning of the process and stops nothing. */
export class DepotEvents extends EventEmitter<DepotEventMap> {
  /** Tells the listeners, and the channel of the same name. Never throws. */
  report<Name extends keyof DepotEventMap>(name: Name, ...args: DepotEventMap[Name]): void {
    const [event] = args
    if (channels[name].hasSubscribers) channels[name].publish(event)
    const listeners = this.rawListeners(name) as ((event: unknown) => unknown)[]
    for (const listener of listeners) void tell(name, listener.bind(this), event)
    if (listeners.length > 0) return
    if (name === 'deleteFailed') warnOfFile(event as DepotEventMap['deleteFailed'][0])
    if (name === 'ledgerFailed') warnOfLedger(event as DepotEventMap['ledgerFailed'][0])
  }
}

/** Each listener for itself: one that throws, or rejects, keeps no other from hearing. */
async function tell(name: string, listener: (event: unknown) => unknown, event: unknown): Promise<void> {
  try {
    await listener(event)
  } catch (error) {
    process.emitWarning(`a listener of "${name}" threw: ${String(error)}`, 'FiledepotWarning')
  }
}

/** Warns of a failure if the event has no listener. */
function warnOfFile({ path, error }: DepotEventMap['deleteFailed'][0]): void {
  process.emitWarning(`cannot delete "${path}", which no row refers to: ${String(error)}`, 'FiledepotWarning')
}

function warnOfLedger({ error }: DepotEventMap['ledgerFailed'][0]): void {
  process.emitWarning(
    `the ledger could not do its work, and tries again later: ${String(error)}`,
    'FiledepotWarning',
  )
}
