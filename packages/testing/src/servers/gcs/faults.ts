import type { IncomingMessage, ServerResponse } from 'node:http'
import { setTimeout as sleep } from 'node:timers/promises'
import { Refusal } from './refusal.ts'
import type { GcsRequestKind } from './route.ts'

/** How the server is to fail; several at once are possible, such as a delay and then a status. */
export interface GcsFault {
  /** The requests that fail. @default all kinds */
  kind?: GcsRequestKind
  /** How many of them. @default 1 */
  times?: number
  /** How many of them go well before. @default 0 */
  after?: number
  /** Waits first, in milliseconds. */
  delay?: number
  /** Answers with this status instead of doing anything. */
  status?: number
  /** The message of that answer. @default 'injected failure' */
  message?: string
  /** Breaks the connection off: before the request is read, or when it was carried out and only the answer is lost. */
  reset?: 'before' | 'after'
  /** Breaks the connection off in the middle of the body of the request, when this many bytes of it have come. */
  resetAfterBytes?: number
  /** Sends so many bytes of the answer's body, and breaks the connection off. */
  truncate?: number
}

/** What the server was told to fail at. */
export class Faults {
  readonly #faults: { fault: GcsFault; skip: number; left: number }[] = []

  add(fault: GcsFault): void {
    this.#faults.push({ fault, skip: fault.after ?? 0, left: fault.times ?? 1 })
  }

  /** The fault that strikes a request, which is then used up. */
  take(kind: GcsRequestKind): GcsFault | undefined {
    for (const one of this.#faults) {
      if (one.left === 0 || (one.fault.kind ?? kind) !== kind) continue
      if (one.skip > 0) {
        one.skip--
        continue
      }
      one.left--
      return one.fault
    }
    return undefined
  }
}

/** Lets a fault happen. Resolves with true if the request is answered, or never answered. */
export async function strike(
  fault: GcsFault,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<boolean> {
  if (fault.delay !== undefined) await sleep(fault.delay)
  if (fault.reset === 'before') {
    request.socket.destroy()
    return true
  }
  if (fault.resetAfterBytes !== undefined) {
    let received = 0
    for await (const chunk of request as AsyncIterable<Buffer>) {
      received += chunk.byteLength
      if (received >= fault.resetAfterBytes) break
    }
    request.socket.destroy()
    return true
  }
  if (fault.reset === 'after') {
    // Whatever is answered, the client does not hear of it.
    response.writeHead = () => response
    response.end = () => {
      request.socket.destroy()
      return response
    }
  }
  if (fault.truncate !== undefined) truncateAnswer(response, fault.truncate)
  if (fault.status === undefined) return false
  throw new Refusal(fault.status, 'backendError', fault.message ?? 'injected failure')
}

function truncateAnswer(response: ServerResponse, bytes: number): void {
  const end = response.end.bind(response)
  response.end = (body?: unknown) => {
    if (!(body instanceof Uint8Array)) return end(body as string)
    response.write(body.subarray(0, bytes), () => response.destroy())
    return response
  }
}
