/** Something that `doctor` has looked at. */
export interface Check {
  /** What was looked at: `node`, `storage`, `ledger`. */
  readonly about: string
  readonly state: 'ok' | 'warning' | 'fault'
  readonly text: string
  /** What to do. */
  readonly advice?: string
}
