/** Errors of an ORM hold that of the driver in another one, or beside their own message. */
const DEEPEST = 8

/** True if the database failed a statement with one of these codes or numbers, also inside the error of an ORM. */
export function hasDatabaseCode(error: unknown, codes: readonly string[]): boolean {
  let current = error
  for (let depth = 0; depth < DEEPEST && typeof current === 'object' && current !== null; depth++) {
    const { code, errno, originalCode, cause, driverError, meta } = current as Record<string, unknown>
    if ([code, errno, originalCode].some((one) => codes.includes(String(one)))) return true
    // TypeORM, Prisma, anybody.
    current =
      driverError ?? (meta as { driverAdapterError?: unknown } | undefined)?.driverAdapterError ?? cause
  }
  return false
}
