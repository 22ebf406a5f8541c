/**
 * The time that Python's DEPOT wrote beside a file: `2026-01-31 12:00:00`, in UTC. `undefined` for anything else. For
 * backends.
 */
export function parseDepotTime(text: unknown): Date | undefined {
  if (typeof text !== 'string' || !/^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d$/.test(text)) return undefined
  const time = new Date(`${text.replace(' ', 'T')}Z`)
  return Number.isNaN(time.getTime()) ? undefined : time
}

/** A filename that stands percent-encoded in the metadata of an object, or as another program wrote it. For backends. */
export function decodeFilename(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    // It was not encoded, and has a percent sign.
    return text
  }
}
