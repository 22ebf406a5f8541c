import { httpStatus } from '@filedepot/http'
import type { FastifyError, FastifyReply, FastifyRequest } from 'fastify'

/** Codes of Prisma for rows that are not there: the one that is written, and the one that it refers to. */
const MISSING_ROW = ['P2025', 'P2003']

/** Answers errors with the status that fits, and their code. By then nothing is left of the files of the request. */
export function answerError(error: FastifyError, request: FastifyRequest, reply: FastifyReply): FastifyReply {
  const { code } = error
  if (MISSING_ROW.includes(code)) {
    return reply.code(404).send({ code: 'NOT_FOUND', message: 'there is no such album or photo' })
  }
  // Fastify's own errors know their status.
  const status = error.statusCode ?? httpStatus(error)
  if (status < 500) return reply.code(status).send({ code, message: error.message })
  request.log.error(error)
  return reply.code(status).send({ code: 'INTERNAL_ERROR', message: 'something went wrong' })
}
