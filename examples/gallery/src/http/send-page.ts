import type { Response } from 'express'
import type { Html } from '../views/html.ts'

export function sendPage(response: Response, page: Html): void {
  // Going back has to show what is there now.
  response.set('Cache-Control', 'no-store').type('html').send(page.text)
}
