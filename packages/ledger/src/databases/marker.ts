import { createHash } from 'node:crypto'

/** Raised when the SQL of triggers means something else, although it may read the same. */
export const VERSION = 2

const MARKER = /filedepot:(\d+):[0-9a-f]{16}/

/** Names the version of a trigger and the statements that make it. */
export function markerOf(statements: readonly string[]): string {
  return `filedepot:${VERSION}:${hashOf(...statements).slice(0, 16)}`
}

/** The marker in a comment or the body of a trigger. */
export function markerIn(text: unknown): string | undefined {
  return typeof text === 'string' ? MARKER.exec(text)?.[0] : undefined
}

/** The version in a marker; 0 if there is none. */
export function versionIn(marker: string | undefined): number {
  return Number(MARKER.exec(marker ?? '')?.[1] ?? 0)
}

/** Tells names apart that are too long, or could be read in two ways. */
export function hashOf(...parts: readonly string[]): string {
  return createHash('sha256').update(JSON.stringify(parts)).digest('hex')
}
