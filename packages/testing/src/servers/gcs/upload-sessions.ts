import { randomUUID } from 'node:crypto'
import type { IncomingMessage } from 'node:http'
import type { Buckets } from './buckets.ts'
import { parseHashHeader } from './checksums.ts'
import { Refusal } from './refusal.ts'
import type { ObjectFields, ObjectMetadata } from './stored-object.ts'

/** The service keeps whole blocks of this size only, but for the last one. */
const BLOCK_BYTES = 256 * 1024

interface UploadSession {
  readonly bucket: string
  readonly name: string
  readonly fields: ObjectFields
  readonly params: URLSearchParams
  parts: Buffer[]
  received: number
  done?: ObjectMetadata
}

/** How far an upload has come: its object when it is done, else how many bytes are kept. */
export type UploadProgress = { readonly done: ObjectMetadata } | { readonly received: number }

/** Resumable uploads that are under way. */
export class UploadSessions {
  readonly #sessions = new Map<string, UploadSession>()
  readonly #buckets: Buckets

  constructor(buckets: Buckets) {
    this.#buckets = buckets
  }

  /** How many were neither finished nor cancelled. */
  get open(): number {
    return [...this.#sessions.values()].filter(({ done }) => !done).length
  }

  start(bucket: string, name: string, fields: ObjectFields, params: URLSearchParams): string {
    this.#buckets.get(bucket).checkAcl(params.get('predefinedAcl'))
    const id = randomUUID()
    this.#sessions.set(id, { bucket, name, fields, params, parts: [], received: 0 })
    return id
  }

  status(id: string): UploadProgress {
    return progressOf(this.#get(id))
  }

  cancel(id: string): void {
    this.#get(id)
    this.#sessions.delete(id)
  }

  /** Takes what a request brings of the bytes; what it brings again is passed over. */
  async put(id: string, request: IncomingMessage): Promise<UploadProgress> {
    const session = this.#get(id)
    const { start, total } = parseContentRange(request.headers['content-range'])
    if (start > session.received) throw new Refusal(503, 'backendError', 'bytes are missing')
    const body = await readOrBreak(request)
    if (session.done) return progressOf(session)

    session.parts.push(body.bytes.subarray(session.received - start))
    session.received = session.parts.reduce((sum, part) => sum + part.byteLength, 0)
    const ended = total === 'end of body' || session.received === total
    if (ended && !body.broken) this.#finish(session, request)
    else keepWholeBlocks(session)
    return progressOf(session)
  }

  #finish(session: UploadSession, request: IncomingMessage): void {
    const fields = { ...session.fields, ...parseHashHeader(request.headers['x-goog-hash']) }
    const bytes = Buffer.concat(session.parts)
    const object = this.#buckets.get(session.bucket).put(session.name, bytes, fields, session.params)
    session.done = object.metadata
    session.parts = []
  }

  #get(id: string): UploadSession {
    const session = this.#sessions.get(id)
    if (!session) throw new Refusal(410, 'gone', 'The upload session is gone.')
    return session
  }
}

function progressOf({ done, received }: UploadSession): UploadProgress {
  return done ? { done } : { received }
}

function keepWholeBlocks(session: UploadSession): void {
  let excess = session.received % BLOCK_BYTES
  session.received -= excess
  while (excess > 0) {
    const last = session.parts.pop() ?? Buffer.alloc(0)
    const kept = last.subarray(0, Math.max(0, last.byteLength - excess))
    excess -= last.byteLength - kept.byteLength
    if (kept.byteLength > 0) session.parts.push(kept)
  }
}

/** Which of the bytes a request brings, and when all have come. */
interface ContentRange {
  readonly start: number
  readonly total: number | 'end of body' | 'not yet known'
}

// bytes 0-99/*, bytes 100-199/200 or, if all bytes are in one request, bytes 0-*/*
function parseContentRange(header: string | undefined): ContentRange {
  if (header === undefined) return { start: 0, total: 'end of body' }
  const [, start, end, total] = /^bytes (\d+)-(\d+|\*)\/(\d+|\*)$/.exec(header) ?? []
  if (start === undefined) throw new Refusal(400, 'badRequest', `Invalid Content-Range: ${header}`)
  if (total !== '*') return { start: Number(start), total: Number(total) }
  return { start: Number(start), total: end === '*' ? 'end of body' : 'not yet known' }
}

async function readOrBreak(request: IncomingMessage): Promise<{ bytes: Buffer; broken: boolean }> {
  const chunks: Buffer[] = []
  try {
    for await (const chunk of request as AsyncIterable<Buffer>) chunks.push(chunk)
    return { bytes: Buffer.concat(chunks), broken: false }
  } catch {
    return { bytes: Buffer.concat(chunks), broken: true }
  }
}
