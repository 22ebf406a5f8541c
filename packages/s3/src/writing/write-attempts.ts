import type { PutObjectCommand } from '@aws-sdk/client-s3'
import { codeOf } from '../client/s3-error.ts'

/** What fails before a request has reached the service. */
const NEVER_SENT = new Set(['ECONNREFUSED', 'ENOTFOUND', 'EAI_AGAIN', 'EHOSTUNREACH', 'ENETUNREACH'])
const FIRST_SERVER_ERROR = 500

/** What is known of the attempts to send one request by which an object comes to exist. */
export class WriteAttempts {
  /** The service may have done what one of them says, although no answer said so. */
  mayHaveArrived = false
  /** One of them was aborted while the service did not answer, so it may still arrive. */
  isUnanswered = false

  /** Hears of every attempt that the client makes of a command, also the client of the program. */
  watch(command: object): void {
    const { middlewareStack } = command as PutObjectCommand
    middlewareStack.add(
      (next) => async (args) => {
        try {
          const result = await next(args)
          const { statusCode = 0 } = result.response as { statusCode?: number }
          if (statusCode >= FIRST_SERVER_ERROR) this.mayHaveArrived = true
          return result
        } catch (error) {
          this.#failed(error)
          throw error
        }
      },
      { step: 'deserialize', priority: 'low', name: 'filedepotWriteAttempts' },
    )
  }

  #failed(error: unknown): void {
    const { name, code = '', message = '' } = error as { name?: string; code?: string; message?: string }
    if (NEVER_SENT.has(codeOf(error)) || message.includes('did not establish a connection')) return
    this.mayHaveArrived = true
    // The SDK gives the same name to connections that broke, and then the service is at work no more.
    const isBroken = /\b(?:ECONNRESET|EPIPE|socket hang up)\b/.test(`${code} ${message}`)
    if (!isBroken && (name === 'TimeoutError' || name === 'AbortError')) this.isUnanswered = true
  }
}
