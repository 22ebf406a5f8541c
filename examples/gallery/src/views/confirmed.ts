import { html, type Html } from './html.ts'

export interface Deletion {
  readonly summary: string
  readonly warning: string
  readonly action: string
  readonly button: string
}

/** A button that takes two steps, as what it does cannot be undone. */
export function confirmed({ summary, warning, action, button }: Deletion): Html {
  return html`<details class="deletion">
    <summary>${summary}</summary>
    <form method="post" action="${action}">
      <p>${warning}</p>
      <button class="danger">${button}</button>
    </form>
  </details>`
}
