import { FileTooLargeError } from '@filedepot/core'
import { MAX_PART_SIZE } from '../s3-backend-options.ts'

/** The most parts that an upload can have. */
export const MAX_PARTS = 10_000

const MIB = 1024 * 1024
const PARTS_AT_ONCE = 4
/** The maximum number of bytes of enlarged parts that are sent at the same time. */
const AT_ONCE = 128 * MIB
/** R2 accepts parts of one size only, so the parts of a stream of unknown length grow late: after 19.5 GiB by default. */
const GROWS_AFTER = 4_000
const GROWS_EACH = 250
/** In bytes: with this, 10,000 parts hold 5.5 TiB, also if they begin with the least size. */
const LARGEST_GROWN = 1280 * MIB

/** What a {@link PartPlan} is made for. */
export interface PlannedFile {
  readonly filename: string
  /** In bytes, if it is known. */
  readonly expectedSize: number | undefined
}

/**
 * How large the parts of a file are, so that it fits into 10,000 of them. Of a known length, all are of one size. Of an unknown
 * one, they have the size of the option, and from part 4,001 on the size doubles with every 250 parts.
 */
export class PartPlan {
  readonly #first: number
  readonly #growsAfter: number
  readonly #atOnce: number

  /**
   * @param partSize in bytes, as the option says
   * @throws FiledepotError `FILE_TOO_LARGE` for a length that no 10,000 parts can hold
   */
  constructor(partSize: number, { filename, expectedSize = 0 }: PlannedFile) {
    const needed = Math.ceil(expectedSize / MAX_PARTS / MIB) * MIB
    if (needed > MAX_PART_SIZE) throw new FileTooLargeError(filename, MAX_PARTS * MAX_PART_SIZE)
    this.#first = Math.max(partSize, needed)
    // It is a hint only: the body may be longer.
    this.#growsAfter = Math.max(GROWS_AFTER, Math.ceil(expectedSize / this.#first))
    this.#atOnce = Math.max(PARTS_AT_ONCE * partSize, AT_ONCE)
  }

  /** In bytes. Parts count from 1. */
  sizeOf(number: number): number {
    const steps = Math.ceil(Math.max(0, number - this.#growsAfter) / GROWS_EACH)
    return Math.max(this.#first, Math.min(this.#first * 2 ** steps, LARGEST_GROWN))
  }

  /** How many parts of this size may be sent at the same time. */
  atOnce(bytes: number): number {
    return Math.max(1, Math.min(PARTS_AT_ONCE, Math.floor(this.#atOnce / bytes)))
  }
}
