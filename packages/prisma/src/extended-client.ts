import type { FileRows, Ledger } from '@filedepot/ledger'
import type { FileFields } from './fields/file-fields.ts'

/** What the extension keeps on the clients that are extended with it, or from one. */
export interface KeptOnClient {
  readonly ledger: Ledger | undefined
  readonly fields: FileFields
  /** Reads the values of the file fields. */
  readonly rows: () => FileRows
}

/** The property of the client. */
export const KEPT = '$filedepot'

/** `undefined` for a client that is not extended. */
export function keptOn(client: object): KeptOnClient | undefined {
  return (client as Readonly<Record<string, KeptOnClient | undefined>>)[KEPT]
}
