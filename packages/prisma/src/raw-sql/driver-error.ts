/** What Prisma says of an error of the driver. */
interface DriverCause {
  readonly originalCode?: unknown
  readonly originalMessage?: unknown
  readonly code?: unknown
  readonly kind?: unknown
}

/**
 * An error of raw SQL as the driver has thrown it, with its code. Prisma makes P2010 of all of them, and keeps the code
 * in `meta`.
 */
export function driverError(error: unknown): unknown {
  const cause = driverCauseOf(error)
  const code = cause?.originalCode ?? cause?.code
  if (typeof code !== 'string' && typeof code !== 'number') return error
  const number = Number(code)
  const message =
    typeof cause?.originalMessage === 'string' ? cause.originalMessage : `the database says ${code}`
  return Object.assign(new Error(message, { cause: error }), {
    code,
    ...(Number.isInteger(number) && { errno: number }),
  })
}

function driverCauseOf(error: unknown): DriverCause | undefined {
  const { meta, cause } = (error ?? {}) as {
    meta?: { driverAdapterError?: { cause?: DriverCause } }
    cause?: DriverCause
  }
  return meta?.driverAdapterError?.cause ?? cause
}
