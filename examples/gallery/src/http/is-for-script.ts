import type { Request } from 'express'

/** Whether our script asks, which sends one picture at a time, and not a form of the page. */
export function isForScript(request: Request): boolean {
  return request.accepts(['html', 'json']) === 'json'
}
