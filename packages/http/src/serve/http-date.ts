/**
 * The time of a header in milliseconds, or `undefined` where it is no date: RFC 9110 has such a condition ignored.
 * `Date.parse` alone would take `5` for a month.
 */
export function parseHttpDate(text: string | null): number | undefined {
  if (text === null || !/^(Mon|Tue|Wed|Thu|Fri|Sat|Sun)/.test(text)) return undefined
  const time = Date.parse(text)
  return Number.isNaN(time) ? undefined : time
}
