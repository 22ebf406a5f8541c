import type { Ledger } from '@filedepot/ledger'

/** What the two ways of knowing the files of rows have an extension do. */
export interface ExtensionComponents {
  readonly query: object
  readonly client?: object
  readonly ledger?: Ledger
}
