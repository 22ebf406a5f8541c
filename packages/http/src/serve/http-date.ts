/**
 * The time of a header in milliseconds, or `undefined` where it is no date: RFC 9110 has such a condition ignored.
 * `Date.parse` alone would take `5` for a month.
 */
export function parseHttpDate(text: string | null): number | undefined {
  if (text === null || !/^(Mon|Tue|Wed|Thu|Fri|Sat|Sun)/.test(text)) return undefined
  const time = Date.parse(text)
  return Number.isNaN(time) ? undefined : time
}

const REMEMBERED = 1000
const formatted = new Map<number, string>()

/** A date as a header has it. Remembered, as formatting one takes a tenth of the time of an answer without a body. */
export function formatHttpDate(date: Date): string {
  const time = date.getTime()
  let text = formatted.get(time)
  if (text === undefined) {
    if (formatted.size >= REMEMBERED) formatted.clear()
    formatted.set(time, (text = date.toUTCString()))
  }
  return text
}
