import type { ErrorRequestHandler, RequestHandler } from 'express'
import { Refusal } from '../refusal.ts'
import { errorPage } from '../views/error-page.ts'
import { isForScript } from './is-for-script.ts'
import { sendPage } from './send-page.ts'

export const answerNotFound: RequestHandler = (_request, _response, next) => {
  next(new Refusal('NOT_THERE', 404))
}

/**
 * What a visitor has sent and could not be taken: our script is told the status and the reason, a form brings the
 * visitor back to the page it stood on, where the reason is said. All else is an error of the server.
 */
export const answerError: ErrorRequestHandler = (error: unknown, request, response, next) => {
  const refusal = Refusal.of(error)
  const { page } = response.locals as { page?: string }
  if (response.headersSent) {
    next(error)
  } else if (!refusal) {
    console.error(error)
    sendPage(response.status(500), errorPage('Something broke', 'It is not your doing.'))
  } else if (isForScript(request)) {
    response.status(refusal.status).json({ code: refusal.code, message: refusal.message })
  } else if (page !== undefined) {
    response.redirect(303, `${page}?refused=${refusal.code}`)
  } else {
    sendPage(
      response.status(refusal.status),
      errorPage(refusal.status === 404 ? 'Nothing hangs here' : 'Not taken', refusal.message),
    )
  }
}
