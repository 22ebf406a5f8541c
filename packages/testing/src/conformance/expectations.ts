import { deepEqual, equal, fail, ok } from 'node:assert/strict'
import { buffer } from 'node:stream/consumers'
import { inspect } from 'node:util'
import { hasCode, type ByteRange, type ErrorCode, type StorageBackend } from '@filedepot/core'
import type { BackendContext } from './backend-case.ts'
import { infoOf } from './sample-content.ts'

/** Fails with both values in the message, as not every runner shows those of an assertion error. */
export function expectSame(actual: unknown, expected: unknown, what: string): void {
  deepEqual(actual, expected, `${what}: expected ${show(expected)}, got ${show(actual)}`)
}

export function expectSameBytes(actual: Uint8Array, expected: Uint8Array, what: string): void {
  if (Buffer.compare(actual, expected) === 0) return
  const length = Math.min(actual.byteLength, expected.byteLength)
  let at = 0
  while (at < length && actual[at] === expected[at]) at++
  fail(
    `${what}: expected ${expected.byteLength} bytes, got ${actual.byteLength}, which differ from byte ${at} on`,
  )
}

/** Resolves with what the promise rejects with. */
export async function expectRejection(promise: Promise<unknown>, what: string): Promise<unknown> {
  const outcome = await promise.then(
    (value) => ({ value }),
    (error: unknown) => ({ error }),
  )
  return 'error' in outcome
    ? outcome.error
    : fail(`${what}: expected a rejection, got ${show(outcome.value)}`)
}

export async function expectCode(code: ErrorCode, promise: Promise<unknown>, what: string): Promise<Error> {
  const error = await expectRejection(promise, what)
  ok(hasCode(error, code), `${what}: expected an error with the code ${code}, got ${show(error)}`)
  return error
}

/** Rejects where the promise takes too long; for what must not hang. */
export async function within<T>(milliseconds: number, promise: Promise<T>, what: string): Promise<T> {
  let timer: NodeJS.Timeout | undefined
  const timeout = new Promise<never>((_, reject) => {
    timer = setTimeout(() => {
      reject(new Error(`${what}: nothing happened for ${milliseconds} ms`))
    }, milliseconds)
  })
  try {
    return await Promise.race([promise, timeout])
  } finally {
    clearTimeout(timer)
  }
}

/** All bytes of a file, or of a part of it, past the facade. */
export async function readBytes(backend: StorageBackend, id: string, range?: ByteRange): Promise<Buffer> {
  return await buffer(await backend.read(id, range))
}

/** Writes whole bytes, past the facade. */
export async function writeBytes(backend: StorageBackend, id: string, bytes: Uint8Array): Promise<void> {
  await backend.write(id, bytes, infoOf(bytes), {})
}

export async function idsOf(
  backend: StorageBackend,
  options?: { after?: string | undefined },
): Promise<string[]> {
  const ids: string[] = []
  for await (const id of backend.list(options)) ids.push(id)
  return ids
}

/** Nothing is there: no id, and nothing that bears none. */
export async function expectEmpty({ backend, leftovers }: BackendContext, id?: string): Promise<void> {
  expectSame(await idsOf(backend), [], 'the listed files')
  if (id !== undefined) equal(await backend.stat(id), undefined, 'the failed file has a stat')
  expectSame(await leftovers(), [], 'what was left behind')
}

/** The one file that is there has these bytes, and a stat that fits them. */
export async function expectOnly(
  { backend, leftovers }: BackendContext,
  id: string,
  bytes: Uint8Array,
): Promise<void> {
  expectSame(await idsOf(backend), [id], 'the listed files')
  expectSameBytes(await readBytes(backend, id), bytes, 'the stored file')
  equal((await backend.stat(id))?.size, bytes.byteLength, 'the size in the stat is not that of the bytes')
  expectSame(await leftovers(), [], 'what was left behind')
}

function show(value: unknown): string {
  return value instanceof Error
    ? `${value.name}: ${value.message}`
    : inspect(value, { depth: 4, maxArrayLength: 8 })
}

/** A write that may be over when it returns, or may have thrown by then. */
export async function written(write: () => void | Promise<void>): Promise<void> {
  await write()
}
