/** For how long it is remembered that a file was deleted, so that a late row cannot refer to it, in milliseconds. */
export const TOMBSTONE = 7 * 24 * 60 * 60 * 1000

/** When a deletion that has failed is tried again, in milliseconds; twice as long after each further try. */
export const RETRY_FIRST = 30_000

/** The longest time between two tries, in milliseconds. */
export const RETRY_LONGEST = 6 * 60 * 60 * 1000

/** Times that lie further in the future were written before the clock was set back, in milliseconds. */
export const CLOCK_TOLERANCE = 60_000

/** For how long others leave alone what is being deleted, in milliseconds. If it has not ended then, they try it themselves. */
export const LEASE = 10 * 60 * 1000
