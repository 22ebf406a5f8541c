import type { MongoRunner } from '../../typeorm-internals.ts'

type Method = (this: MongoRunner, ...args: unknown[]) => unknown

/** Replaces a method of this one query runner; those that have it for their prototype get it, too. */
export function replaceMethod(shared: MongoRunner, name: string, make: (original: Method) => Method): void {
  const original = (shared as unknown as Record<string, Method | undefined>)[name]
  // Not every version has every method.
  if (original)
    Object.defineProperty(shared, name, { value: make(original), configurable: true, writable: true })
}
