import { html, type Html } from './html.ts'
import { layout } from './layout.ts'

export function errorPage(title: string, message: string): Html {
  return layout(
    title,
    html`<div class="title"><h1>${title}</h1></div>
      <p>${message}</p>
      <p><a href="/">To the albums</a></p>`,
  )
}
