import { waitUpTo } from '@filedepot/core/integration'
import type { MultipartUpload } from './multipart-upload.ts'
import type { PartReader } from './part-reader.ts'

/** An abort is to take effect at once, so a service that hangs is not waited for: what is left goes on by itself. */
const CLEAN_UP_MS = 3_000

/**
 * Sends the parts of a body, some at a time, and lets the object exist; if anything fails, or `stop` is aborted,
 * no part stays. The first failure aborts `stop`, so that the other parts, and a body that hangs, are given up.
 */
export async function uploadParts(
  begin: () => Promise<MultipartUpload>,
  first: readonly Buffer[],
  reader: PartReader,
  stop: AbortController,
): Promise<void> {
  const { signal } = stop
  const sending = new Set<Promise<void>>()
  // Without the signal, because an upload with an unknown id could not be removed.
  const beginning = begin()
  try {
    const upload = await unlessAborted(beginning, signal)
    const { plan } = reader
    let number = 0
    const send = async (part: Buffer): Promise<void> => {
      const sent = upload.sendPart(++number, part, signal).then(
        () => {
          reader.release(part)
        },
        (error: unknown) => {
          stop.abort(error)
        },
      )
      const tracked = sent.then(() => {
        sending.delete(tracked)
      })
      sending.add(tracked)
      while (sending.size >= plan.atOnce(part.byteLength)) await Promise.race(sending)
      signal.throwIfAborted()
    }
    for (const part of first) await send(part)
    for (let part = await reader.next(); part; part = await reader.next()) await send(part)
    await Promise.all(sending)
    signal.throwIfAborted()
    await upload.complete(signal)
  } catch (error) {
    stop.abort(error)
    await waitUpTo(CLEAN_UP_MS, cleanUp(beginning, sending))
    throw error
  }
}

/** Never rejects: what cannot be removed is left to the lifecycle rules of the bucket. */
async function cleanUp(beginning: Promise<MultipartUpload>, sending: Set<Promise<void>>): Promise<void> {
  try {
    const upload = await beginning
    await Promise.all(sending)
    await upload.abort()
  } catch {
    // The error that led here is the one to be told.
  }
}

function unlessAborted<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const onAbort = (): void => {
      reject(signal.reason as Error)
    }
    if (signal.aborted) onAbort()
    signal.addEventListener('abort', onAbort, { once: true })
    promise.then(resolve, reject).finally(() => {
      signal.removeEventListener('abort', onAbort)
    })
  })
}
