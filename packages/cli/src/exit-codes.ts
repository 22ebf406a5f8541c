/** What the command ends with. `docs/command-line.md` has the same table. */
export const EXIT = {
  /** Done, and nothing found that needs an operator. */
  fine: 0,
  /** Done, and something found that needs an operator: a missing file, a deletion that failed. */
  found: 1,
  /** The command line or the configuration is wrong, or the command needs `--yes`. Nothing was done. */
  usage: 2,
  /** It could not be done, or was stopped. */
  failed: 3,
} as const

/** One of {@link EXIT}. */
export type ExitCode = (typeof EXIT)[keyof typeof EXIT]

/** A command line or a configuration that cannot be understood. The message says what to change. */
export class UsageError extends Error {
  override readonly name = 'UsageError'
}
