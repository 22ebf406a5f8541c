const COPIES = Symbol.for('@filedepot/core copies')

const copies = globalThis as { [COPIES]?: number }
copies[COPIES] = (copies[COPIES] ?? 0) + 1

/**
 * What to say of a depot without storages, if this package is in the process more than once: a bundler has put copies of it into
 * bundles, and each has a depot of its own.
 */
export function copiesHint(): string {
  if ((copies[COPIES] ?? 1) < 2) return ''
  return (
    '. @filedepot/core is loaded more than once in this process, and each copy has its own depot. Exclude the packages from ' +
    'the bundle; in Next.js, use serverExternalPackages'
  )
}
