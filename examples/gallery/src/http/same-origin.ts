import type { RequestHandler } from 'express'
import { Refusal } from '../refusal.ts'

const SAFE = ['GET', 'HEAD', 'OPTIONS']

/**
 * Lets nobody change anything from the page of another site. Every browser says where a request comes from, by
 * Sec-Fetch-Site or at least by Origin; what says nothing is no browser, and brings nobody's cookies.
 */
export const sameOrigin: RequestHandler = ({ method, headers }, _response, next) => {
  const { origin, host } = headers
  const site = headers['sec-fetch-site']
  const isOwn = site === undefined ? origin === undefined || hostOf(origin) === host : site === 'same-origin'
  next(SAFE.includes(method) || isOwn ? undefined : new Refusal('OTHER_SITE', 403))
}

function hostOf(origin: string): string | undefined {
  return URL.canParse(origin) ? new URL(origin).host : undefined
}
