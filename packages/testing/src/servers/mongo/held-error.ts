/** A transaction that holds documents. */
export interface LockHolder {
  /** Resolves when it holds nothing any more. */
  readonly ended: Promise<void>
}

/** A transaction holds what a write outside of it would change. */
export class HeldError extends Error {
  constructor(
    /** Resolves when it holds it no longer. */
    readonly released: Promise<void>,
  ) {
    super('a transaction holds the document')
  }
}

/** Runs a change of one document, again and again while transactions hold it. */
export async function whenReleased<T>(change: () => T): Promise<T> {
  for (;;) {
    try {
      return change()
    } catch (error) {
      if (!(error instanceof HeldError)) throw error
      await error.released
    }
  }
}
