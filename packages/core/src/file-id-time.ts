import { expected } from './expected.ts'

const VERSION_7 = /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/
/** The latest time that a UUID has room for. */
const LAST = 2 ** 48 - 1

/**
 * When a file id was made, by the clock of the process that made it; `undefined` for an id of another program, which may be
 * of any kind.
 *
 * ```ts
 * import { newFileId, timeOfFileId } from '@filedepot/core/backend'
 *
 * const isOld = (id: string) => (timeOfFileId(id)?.getTime() ?? Infinity) < Date.now() - 86_400_000
 * isOld(newFileId()) //=> false
 * ```
 */
export function timeOfFileId(id: string): Date | undefined {
  if (!VERSION_7.test(id)) return undefined
  return new Date(Number.parseInt(id.slice(0, 8) + id.slice(9, 13), 16))
}

/**
 * The first id of a moment: every file id that is made earlier sorts before it. It lets a storage list what came since.
 *
 * ```ts
 * import { depot } from '@filedepot/core'
 * import { firstFileIdAt } from '@filedepot/core/backend'
 *
 * const yesterday = new Date(Date.now() - 86_400_000)
 * for await (const id of depot.get().list({ after: firstFileIdAt(yesterday) })) console.log(id)
 * ```
 *
 * @throws FiledepotError `INVALID_ARGUMENT` for an invalid date
 */
export function firstFileIdAt(time: Date): string {
  const ms = Number(time)
  if (Number.isNaN(ms)) throw expected('time', 'a date', time)
  const hex = Math.min(Math.max(Math.floor(ms), 0), LAST)
    .toString(16)
    .padStart(12, '0')
  return `${hex.slice(0, 8)}-${hex.slice(8)}-7000-8000-000000000000`
}
